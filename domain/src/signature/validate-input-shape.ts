import type { Feature } from './model-signature.ts';
import type { ElementCheck } from './validate-input-element.ts';

/** Reports one fault; answers whether more may be reported. */
export type Report = (pointer: string, detail: string) => boolean;

/**
 * Checks a nested array against the shape of a feature. Sizes that the model leaves open are set by the first array of
 * that level; the others must agree, since a tensor has no ragged rows.
 */
export const checkShaped = (
  feature: Feature,
  check: ElementCheck,
  value: unknown,
  pointer: string,
  report: Report,
): boolean => {
  const sizes: (number | null)[] = [...feature.shape];
  const rank = sizes.length;
  const path: number[] = [];
  const nullable = feature.missing === 'nan';
  const at = (): string => (path.length === 0 ? pointer : `${pointer}/${path.join('/')}`);

  const visit = (part: unknown, level: number): boolean => {
    if (!Array.isArray(part)) return report(at(), `must be an array: the feature has ${rank} dimensions`);
    const size = sizes[level];
    if (size === null) sizes[level] = part.length;
    else if (part.length !== size) return report(at(), `must have ${size} elements, not ${part.length}`);
    for (let i = 0; i < part.length; i++) {
      path.push(i);
      const goOn = level === rank - 1 ? visitElement(part[i]) : visit(part[i], level + 1);
      path.pop();
      if (!goOn) return false;
    }
    return true;
  };
  const visitElement = (element: unknown): boolean => {
    if (element === null) return nullable || report(at(), 'must not be null');
    const detail = check(element);
    return detail === undefined || report(at(), detail);
  };
  return visit(value, 0);
};
