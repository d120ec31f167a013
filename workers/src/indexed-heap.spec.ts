import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createIndexedHeap } from './indexed-heap.ts';

it('gives items in order of their keys, whatever left or moved in between', () => {
  const step = fc.record({
    key: fc.integer(),
    what: fc.constantFrom('add', 'add', 'remove', 'move', 'pop'),
    which: fc.nat(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const heap = createIndexedHeap<{ heapIndex: number; key: number }>((item) => item.key);
      const model: { heapIndex: number; key: number }[] = [];
      for (const { key, what, which } of steps) {
        const item = model[which % Math.max(1, model.length)];
        if (what === 'add') {
          const added = { heapIndex: -1, key };
          model.push(added);
          heap.add(added);
        } else if (item && what === 'move') {
          item.key = key;
          heap.moved(item);
        } else if (item) {
          const left = what === 'pop' ? heap.peek() : item;
          if (!left) throw new Error('the heap is empty');
          heap.remove(left);
          heap.remove(left);
          model.splice(model.indexOf(left), 1);
        }
        expect(heap.size).toBe(model.length);
        expect(heap.peek()?.key).toBe(model.length ? Math.min(...model.map((each) => each.key)) : undefined);
      }
    }),
  );
});
