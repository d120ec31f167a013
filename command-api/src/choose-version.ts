import { findVersion, type ModelState, type ModelVersion, murmur2, type Routing } from '@hindcast/domain';

/** Which version runs a request, and why. */
export interface ChosenVersion {
  readonly version: ModelVersion;
  readonly role: 'champion' | 'canary' | 'pinned';
  /** Share of the traffic that the routing gives this version; undefined for a pinned one. */
  readonly share: number | undefined;
}

const hashes = 2 ** 32;

/**
 * Champion or canary, decided once, when a request is accepted. Equal sticky keys choose alike as long as the routing
 * stands, and keys spread evenly: each canary takes a slice of the unit interval, the champion the rest.
 */
export const chooseVersion = (model: ModelState, name: string, stickyKey: string): ChosenVersion | undefined => {
  const { routing } = model;
  if (!routing) return undefined;
  if (routing.canary.length > 0) {
    let point = (murmur2(`${name}\n${stickyKey}`) >>> 0) / hashes;
    for (const { version, share } of routing.canary) {
      point -= share;
      if (point < 0) return chosen(findVersion(model, version), 'canary', share);
    }
  }
  return chosen(findVersion(model, routing.champion), 'champion', championShare(routing));
};

export const championShare = ({ canary }: Routing): number => canary.reduce((rest, { share }) => rest - share, 1);

const chosen = (version: ModelVersion | undefined, role: 'champion' | 'canary', share: number) =>
  version && { version, role, share };
