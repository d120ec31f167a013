import type { ModelSignature } from '@hindcast/domain';
import { usage } from '../cli-failure.ts';

/** A version of a model as far as the command line reads it. */
export interface ModelVersionBody {
  readonly name: string;
  readonly version: number;
  readonly state: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly description?: string;
  readonly registeredAt: string;
  readonly signature: ModelSignature;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly example?: unknown;
  readonly curl: string;
  readonly warnings?: readonly { readonly detail: string }[];
  readonly error?: { readonly detail?: string };
}

/** A model as far as the command line reads it. */
export interface ModelBody {
  readonly name: string;
  readonly versions: readonly ModelVersionBody[];
  readonly routing?: { readonly champion: number; readonly canary?: readonly { version: number; share: number }[] };
  readonly paused: boolean;
  readonly curl: string;
}

export const modelPath = (name: string): string => `/v1/models/${encodeURIComponent(name)}`;
export const versionPath = (name: string, version: number): string => `${modelPath(name)}/versions/${version}`;

export interface ModelReference {
  readonly name: string;
  readonly version: number | undefined;
}

/** Reads `name` or `name@version`. */
export const parseReference = (text: string): ModelReference => {
  const [, name, version] = /^([^@]+)(?:@(\d{1,9}))?$/.exec(text) ?? [];
  if (name === undefined) throw usage(`"${text}" names no model; write it like churn or churn@2.`);
  return { name, version: version === undefined ? undefined : Number(version) };
};

/** Who gets the traffic, and what rests: `champion 1, canary 2 (10 %)`. */
export const trafficOf = ({ routing }: Pick<ModelBody, 'routing'>): string => {
  if (!routing) return 'no traffic';
  const canary = routing.canary?.map(({ version, share }) => `, canary ${version} (${share * 100} %)`) ?? [];
  return `champion ${routing.champion}${canary.join('')}`;
};
