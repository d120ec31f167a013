import { problem } from '@hindcast/adapters/http';

/** `churn` or `churn@3`. */
export const modelReferenceOf = (text: string): { readonly model: string; readonly version?: number } => {
  const at = text.lastIndexOf('@');
  if (at < 0) return { model: text };
  const version = text.slice(at + 1);
  if (/^[1-9]\d{0,8}$/.test(version)) return { model: text.slice(0, at), version: Number(version) };
  throw problem('invalid-parameter', 'model has no such version.', {
    errors: [{ pointer: 'model', detail: 'Expected a name, or a name and a version such as churn@3.' }],
  });
};
