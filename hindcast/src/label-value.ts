/** `yes` is a text, `true` and `4.5` are not: a shell, or a cell of a table, takes the quotes away that would tell. */
export const labelValue = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};
