import {
  type DomainEvent,
  type EventLog,
  evolveModel,
  type Logger,
  type ModelDoc,
  type ModelEvent,
  modelEventData,
  TOPICS,
  unknownModel,
  type ViewDatabase,
  type ViewStore,
} from '@hindcast/domain';
import { type Admitted, admitRecords } from './admit-records.ts';
import { createDeadLetters, type DeadLetter, type DeadLetters } from './dead-letters.ts';
import { foldOrPark } from './fold-or-park.ts';
import { checkpointAfter, type Projection } from './projection.ts';
import { readFoldSwap } from './read-fold-swap.ts';
import { createRecentDocs } from './recent-docs.ts';

/** Models are few and rarely change: their documents are always read. */
const modelDocsMax = 0;

export const createModelsProjection = ({
  generation,
  models,
  deadLetters,
}: {
  readonly generation: number;
  readonly models: ViewStore<ModelDoc>;
  readonly deadLetters: DeadLetters;
}): Projection => {
  const recent = createRecentDocs<ModelDoc>(modelDocsMax);

  return {
    name: 'models',
    generation,
    topic: TOPICS.models,
    checkpoints: async () => [await models.checkpoints()],
    async project(slice) {
      const { groups, refused, unknownTypes } = admitRecords(slice, isModelEvent);
      await deadLetters.append(refused);
      const parked = new Map<string, readonly DeadLetter[]>();
      await readFoldSwap(groups, checkpointAfter(slice), {
        store: models,
        recent: recent.of(slice.partition),
        keeps: () => false,
        fold(base, key, items) {
          const folded = foldOrPark(base ?? newDoc(key, items), items, evolveModel);
          if (folded.refused.length > 0) parked.set(key, folded.refused);
          return folded.doc;
        },
        async beforeSave() {
          await deadLetters.append([...parked.values()].flat());
          parked.clear();
        },
      });
      return { unknownTypes, deadLettered: refused.length };
    },
    forget: (partition) => recent.forget(partition),
  };
};

const isModelEvent = (event: DomainEvent): event is ModelEvent => Object.hasOwn(modelEventData, event.type);

const newDoc = (key: string, [first]: readonly Admitted<ModelEvent>[]): ModelDoc => {
  if (!first) throw new Error(`There is no event of ${key}.`);
  const { tenant, subject: name } = first.event;
  return { key, tenant, name, pos: -1, state: unknownModel };
};

export interface ModelsPorts {
  readonly log: EventLog;
  readonly views: ViewDatabase;
  readonly logger?: Logger | undefined;
}

export const modelsOf = ({ log, views }: ModelsPorts, generation: number): Projection =>
  createModelsProjection({
    generation,
    models: views.modelStore(generation),
    deadLetters: createDeadLetters(log, 'models'),
  });
