import { classOfVersion, findVersion, type Label, type PredictionState } from '@hindcast/domain';
import { type Static, Type } from '@sinclair/typebox';
import type { CommandContext } from '../command-ports.ts';

const warningSchema = Type.Object({
  code: Type.Literal('unknown_class', { description: 'The value means none of the classes that the version has' }),
  detail: Type.String({ description: 'For people' }),
});
export const labelWarningsSchema = Type.Optional(
  Type.Array(warningSchema, { description: 'What is odd about a label that is in the log nevertheless' }),
);
export type LabelWarning = Static<typeof warningSchema>;

export type LabeledRequest = Pick<Exclude<PredictionState, { status: 'unknown' }>['request'], 'model' | 'version'>;

/** Classes that are told; of more the number. */
const toldClassesMax = 16;

/** One for each version that has classes of which the value is none. What came true is kept, whatever a model expects. */
export const labelWarnings = (
  { ports, tenant }: Pick<CommandContext, 'ports' | 'tenant'>,
  value: Label['value'],
  about: readonly LabeledRequest[],
): readonly LabelWarning[] => {
  if (value === null) return [];
  const classesOf = new Map<string, readonly string[]>();
  for (const { model, version } of about) {
    const state = ports.catalog.get(tenant, model);
    const signature = state && findVersion(state, version)?.signature;
    if (signature?.classes && classOfVersion(signature, value) === undefined)
      classesOf.set(`${model}@${version}`, signature.classes);
  }
  return [...classesOf].map(([version, classes]) => ({
    code: 'unknown_class',
    detail: `${JSON.stringify(value)} is none of the classes of ${version}: ${told(classes)}. The label is kept.`,
  }));
};

const told = (classes: readonly string[]): string => {
  const shown = classes.slice(0, toldClassesMax).join(', ');
  return classes.length > toldClassesMax ? `${shown} and ${classes.length - toldClassesMax} more` : shown;
};
