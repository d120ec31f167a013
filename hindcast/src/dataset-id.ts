import type { ApiClient } from './api-client.ts';
import { CliFailure, EXIT, usage } from './cli-failure.ts';

/** As many sets as a server lists. */
const listedMax = 500;

const wholeForm = /^[0-9a-f]{64}$/;
/** Shorter beginnings would soon be of two sets. */
const beginningForm = /^([0-9a-f]{6,63})(?:…|\.\.\.)?$/;

/** The id that begins as it is told, of the sets that the server lists. */
export const wholeDatasetId = async (client: ApiClient, text: string): Promise<string> => {
  if (wholeForm.test(text)) return text;
  const beginning = beginningForm.exec(text)?.[1];
  if (beginning === undefined)
    throw usage(`"${text}" is no id of a data set: write its 64 digits, or 6 or more of the first ones.`);
  const { data } = (await client.request(`/v1/datasets?limit=${listedMax}`)).body as {
    data: readonly { id: string }[];
  };
  const [one, another] = data.filter(({ id }) => id.startsWith(beginning));
  if (!one) throw new CliFailure(EXIT.notFound, `No data set has an id that begins with ${beginning}.`);
  if (another) throw usage(`The ids of several data sets begin with ${beginning}: write more of it.`);
  return one.id;
};
