import { canonicalJson } from './canonical-json.ts';
import type { Stored } from './evolve-prediction.ts';
import type { ModelEvent, ModelEventOf, ModelSettings, ModelWarning, Routing } from './model-events.ts';
import type { Failure } from './prediction-events.ts';
import type { ModelSignature } from './signature/model-signature.ts';

export interface ModelVersion {
  readonly version: number;
  readonly sha256: string;
  readonly bytes: number;
  readonly description?: string;
  readonly signature: ModelSignature;
  readonly settings: ModelSettings;
  readonly example: unknown;
  readonly opset: Readonly<Record<string, number>>;
  readonly irVersion: number;
  readonly warnings?: readonly ModelWarning[];
  readonly registeredAt: number;
  readonly state: 'active' | 'retired' | 'quarantined';
  readonly error?: Failure;
}

/** Everything the log says of one model. `revision` counts its accepted events and is the ETag of its routing. */
export interface ModelState {
  readonly versions: readonly ModelVersion[];
  /** undefined until the first version is registered. */
  readonly routing: Routing | undefined;
  readonly paused: boolean;
  readonly revision: number;
}

export type ModelVerdict =
  | 'accepted'
  | 'ignored:duplicate'
  | 'ignored:stale_base'
  | 'ignored:unknown_version'
  | 'ignored:in_use';

export const unknownModel: ModelState = { versions: [], routing: undefined, paused: false, revision: 0 };

export const findVersion = (model: ModelState, version: number): ModelVersion | undefined =>
  model.versions[version - 1];

/** What makes a version: the same file with other names, limits or words is another version of it. */
export type VersionIdentity = Pick<
  ModelEventOf<'ModelRegistered'>['data'],
  'sha256' | 'signature' | 'settings' | 'example' | 'description'
>;

/** The version that such a registration would only repeat. */
export const findRegistered = ({ versions }: ModelState, told: VersionIdentity): ModelVersion | undefined => {
  const ofFile = versions.filter(({ sha256 }) => sha256 === told.sha256);
  if (ofFile.length === 0) return undefined;
  const identity = identityOf(told);
  return ofFile.find((known) => identityOf(known) === identity);
};

const identityOf = ({ signature, settings, example, description }: VersionIdentity): string =>
  canonicalJson({ signature, settings, example, description });

/** The only judge of a model: gives version numbers in log order, and refuses a routing move from a stale base. */
export const evolveModel = (
  state: ModelState,
  { event, appendedAt }: Stored<ModelEvent>,
): { readonly state: ModelState; readonly verdict: ModelVerdict } => {
  const accepted = (next: Partial<ModelState>) => ({
    state: { ...state, ...next, revision: state.revision + 1 },
    verdict: 'accepted' as const,
  });
  const ignored = (verdict: ModelVerdict) => ({ state, verdict });
  switch (event.type) {
    case 'ModelRegistered': {
      if (findRegistered(state, event.data)) return ignored('ignored:duplicate');
      const version = registered(event, state.versions.length + 1, appendedAt);
      return accepted({
        versions: [...state.versions, version],
        routing: state.routing ?? { champion: version.version, canary: [] },
      });
    }
    case 'ModelRoutingMoved': {
      const { routing, base } = event.data;
      if (base !== state.revision) return ignored('ignored:stale_base');
      const targets = [routing.champion, ...routing.canary.map((canary) => canary.version)];
      if (!targets.every((target) => findVersion(state, target)?.state === 'active'))
        return ignored('ignored:unknown_version');
      return accepted({ routing });
    }
    case 'ModelPaused':
      return state.paused ? ignored('ignored:duplicate') : accepted({ paused: true });
    case 'ModelResumed': {
      const quarantined = state.versions.some((version) => version.state === 'quarantined');
      if (!state.paused && !quarantined) return ignored('ignored:duplicate');
      const versions = state.versions.map((version) =>
        version.state === 'quarantined' ? activated(version) : version,
      );
      return accepted({ paused: false, versions });
    }
    case 'ModelVersionRetired': {
      const version = findVersion(state, event.data.version);
      if (!version || version.state === 'retired') return ignored('ignored:unknown_version');
      if (routed(state, version.version)) return ignored('ignored:in_use');
      return accepted({ versions: replaced(state, { ...version, state: 'retired' }) });
    }
    case 'ModelVersionQuarantined': {
      const { sha256, error } = event.data;
      const hit = (version: ModelVersion) => version.sha256 === sha256 && version.state === 'active';
      if (!state.versions.some(hit)) return ignored('ignored:unknown_version');
      const versions = state.versions.map((version) =>
        hit(version) ? { ...version, state: 'quarantined' as const, error } : version,
      );
      return accepted({ versions });
    }
    default:
      return event satisfies never;
  }
};

const registered = (
  { data }: ModelEventOf<'ModelRegistered'>,
  version: number,
  registeredAt: number,
): ModelVersion => ({
  ...data,
  version,
  registeredAt,
  state: 'active',
});

const activated = ({ error: _, ...version }: ModelVersion): ModelVersion => ({ ...version, state: 'active' });

const routed = ({ routing }: ModelState, version: number): boolean =>
  routing?.champion === version || routing?.canary.some((canary) => canary.version === version) === true;

const replaced = (state: ModelState, next: ModelVersion): ModelVersion[] =>
  state.versions.map((version) => (version.version === next.version ? next : version));
