/** Strings are passed over as one: what looks like an end in them is text. */
const token = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],]/g;
const nameForm = /^\s*("[^"\\]*(?:\\.[^"\\]*)*")/;

export interface JsonMember {
  readonly name: string;
  /** With its name, as it is written. */
  readonly text: string;
}

/** The members of a JSON object, for whoever passes them on without reading them as numbers that may hold less. */
export const jsonMembers = (json: string): readonly JsonMember[] => {
  const members: JsonMember[] = [];
  let [depth, from] = [0, 0];
  for (const { 0: found, index } of json.matchAll(token)) {
    const isEnd = found === '}' || found === ']';
    if (depth === 1 && (found === ',' || isEnd)) {
      const text = json.slice(from, index);
      const [, name] = nameForm.exec(text) ?? [];
      if (name !== undefined) members.push({ name: JSON.parse(name) as string, text });
    }
    if (isEnd) depth -= 1;
    else if (found === '{' || found === '[') depth += 1;
    if (depth === 1 && (found === ',' || found === '{')) from = index + 1;
  }
  return members;
};
