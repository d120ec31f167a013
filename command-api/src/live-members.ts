/** Who is alive, as told by beats that change: no clocks of different machines are compared. */
export interface LiveMembers {
  /** The beats of one reading. */
  see(beats: ReadonlyMap<string, number>, at: number): void;
  /** In the order of their ids. */
  readonly ids: readonly string[];
}

/** Who did not change its beat for so long is taken for dead. Beats change every two seconds at the least. */
export const silenceMsMax = 10_000;
/** Time without readings, however long it was, was nobody's silence. */
const betweenReadingsMsMax = 1_000;

/** Keeps who is missing in a reading until it has been silent for too long: the board may have been emptied. */
export const createLiveMembers = (): LiveMembers => {
  const members = new Map<string, { readonly beat: number; readonly at: number }>();
  let ids: readonly string[] = [];
  let readAt: number | undefined;
  /** Time in which there were readings. */
  let time = 0;
  return {
    see(beats, at) {
      time += Math.min(Math.max(0, at - (readAt ?? at)), betweenReadingsMsMax);
      readAt = at;
      for (const [id, beat] of beats) if (members.get(id)?.beat !== beat) members.set(id, { beat, at: time });
      const living: string[] = [];
      for (const [id, member] of members) {
        if (time - member.at < silenceMsMax) living.push(id);
        else if (!beats.has(id)) members.delete(id);
      }
      ids = living.sort();
    },
    get ids() {
      return ids;
    },
  };
};
