/** An error of the API, as RFC 9457 describes it. */
export interface ProblemDocument {
  readonly title?: string;
  readonly detail?: string;
  readonly errors?: readonly { readonly pointer?: string; readonly detail?: string }[];
}

/** In words: the detail, then a line for each field that is wrong and that it does not say. */
export const problemLines = ({ title, detail: whole, errors = [] }: ProblemDocument): readonly string[] => {
  const first = whole ?? title ?? 'The request was refused';
  const further = errors.filter(({ pointer = '', detail = '' }) => {
    // Of a single error the detail of the whole says it all.
    const isWhole = errors.length === 1 && detail === whole;
    return !isWhole && !(first.includes(pointer) && first.includes(detail));
  });
  return [first, ...further.map(({ pointer = '', detail = '' }) => `  ${pointer} ${detail}`)];
};
