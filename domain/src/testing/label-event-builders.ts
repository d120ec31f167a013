import { makeEvent } from '../event-codec.ts';
import { DEFAULT_TENANT } from '../event-envelope.ts';
import { addressOf, type LabelEvent, type LabelEventOf, type LabelReport } from '../label-events.ts';

const named = { source: 'test', at: 1_700_000_000_000, tenant: DEFAULT_TENANT };

/** Without arguments: `r-1` says of the reference `order-1` that it is true. */
export const aLabelReported = ({ eventId = 'r-1', ...given }: { eventId?: string } & Partial<LabelReport> = {}) => {
  const data: LabelReport = {
    ...(given.entity === undefined ? { referenceId: 'order-1' } : undefined),
    ...{ value: true, ...given },
  };
  return makeEvent<LabelEvent>({ ...named, id: eventId, type: 'LabelReported', subject: addressOf(data), data });
};

/** Without arguments: `r-1` found `p-1`. */
export const aLabelMatched = ({
  eventId = 'm-1',
  address = '@reference:order-1',
  report = 'r-1',
  predictionId = 'p-1',
}: { eventId?: string; address?: string } & Partial<LabelEventOf<'LabelMatched'>['data']> = {}) =>
  makeEvent<LabelEvent>({
    ...{ ...named, id: eventId, type: 'LabelMatched', subject: address },
    data: { report, predictionId },
  });
