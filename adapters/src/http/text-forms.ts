import { modelNamePattern, modelReferencePattern } from '@hindcast/domain';
import type { TSchema } from '@sinclair/typebox';

export const idPattern = '^[A-Za-z0-9][A-Za-z0-9._~:-]{0,127}$';
const sha256Pattern = '^[0-9a-f]{64}$';

const name = 'the name of a model: 1 to 64 of a-z, 0-9, ".", "_" and "-", beginning with a letter or a digit';

/** In words, the patterns that several schemas share. */
const forms: Readonly<Record<string, string>> = {
  [modelNamePattern]: name,
  [modelReferencePattern]: `${name}; with @ and a number behind it where one version is meant, such as churn@1`,
  [idPattern]: 'an id: 1 to 128 letters, digits, ".", "_", "~", ":" and "-", beginning with a letter or a digit',
  [sha256Pattern]: '64 hexadecimal digits in lower case',
};

/** What a text of this schema looks like. */
export const formOfText = ({ pattern, examples }: TSchema): string => {
  const form = forms[String(pattern)];
  if (form !== undefined) return form;
  const example: unknown = Array.isArray(examples) ? examples[0] : undefined;
  return example === undefined ? `a text that matches ${String(pattern)}` : `a text like ${JSON.stringify(example)}`;
};
