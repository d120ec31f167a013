import fc from 'fast-check';
import { expect, it } from 'vitest';
import { jsonMembers } from './json-members.ts';

it('are as they are written', () => {
  const json = ' { "a" : 1.50, "b\\"}": [1, {"c": "]"}, "}"] ,"c":{} } ';
  expect(jsonMembers(json).map(({ name, text }) => [name, text.trim()])).toEqual([
    ['a', '"a" : 1.50'],
    ['b"}', '"b\\"}": [1, {"c": "]"}, "}"]'],
    ['c', '"c":{}'],
  ]);
  expect(jsonMembers('{}')).toEqual([]);
});

it('make the object again', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.constantFrom(undefined, 1), (object, space) => {
      const json = JSON.stringify(object, undefined, space);
      const members = jsonMembers(json);
      expect(members.map(({ name }) => name)).toEqual(Object.keys(JSON.parse(json) as object));
      expect(JSON.parse(`{${members.map(({ text }) => text).join(',')}}`)).toEqual(JSON.parse(json));
    }),
  );
});
