import { roundedInteger } from '@hindcast/domain';
import { usage } from './cli-failure.ts';

export const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

/**
 * `yes` is a text, `true` and `4.5` are not: a shell takes the quotes away that would tell.
 * @throws CliFailure for a number that would become another one, or none
 */
export const labelValue = (text: string): unknown => {
  if (!isJson(text)) return text;
  const rounded = roundedInteger(text);
  if (rounded !== undefined)
    throw usage(`${rounded} has more digits than a number can hold; a text is '"${rounded}"'.`);
  return JSON.parse(text, (_, value: unknown) => {
    if (value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY)
      throw usage(`${text} is larger than a number can be.`);
    return value;
  });
};
