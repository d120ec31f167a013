export const modelNamePattern = '^[a-z0-9][a-z0-9._-]{0,63}$';
export const modelVersionMax = 9_999_999;

/** A model as people name it: `churn`, or one version of it, `churn@7`. */
export interface ModelReference {
  readonly model: string;
  readonly version?: number;
}

const form = /^([a-z0-9][a-z0-9._-]{0,63})(?:@([1-9][0-9]{0,6}))?$/;
export const modelReferencePattern = form.source;

/** undefined where the text names no model. */
export const parseModelReference = (text: string): ModelReference | undefined => {
  const [, model, version] = form.exec(text) ?? [];
  if (model === undefined) return undefined;
  return version === undefined ? { model } : { model, version: Number(version) };
};
