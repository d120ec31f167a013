/** Somebody who is signed in somewhere. */
export interface Session {
  readonly user: string;
  /** What the caller keeps with it, in a form that it understands. */
  readonly data: string;
}

/** 178 bits in base64url: an id that nobody guesses. */
export const sessionIdCharactersMin = 30;
export const sessionCharactersMax = 4_096;
/** However often it is used: then the user signs in again. */
export const sessionAgeMsMax = 30 * 86_400_000;

/**
 * Sessions by an id that is their secret: made by the caller, of at least `sessionIdCharactersMin` random characters. All of
 * them may be lost at any moment, which signs their users out. Where the store does not answer, `drop` and
 * `dropAllOf` say so: the caller must not tell the user that it is done.
 */
export interface SessionStore {
  /** Keeps it for `ttlMs`, or until it is touched. false: the store does not answer. Throws a RangeError beyond the bounds. */
  put(id: string, session: Session, ttlMs: number): Promise<boolean>;
  get(id: string): Promise<Session | undefined>;
  /** Keeps it for `ttlMs` from now, but never beyond `sessionAgeMsMax` after its `put`. false: there is no such session. */
  touch(id: string, ttlMs: number): Promise<boolean>;
  /** As `dropAllOf`, true also where there was nothing. */
  drop(id: string): Promise<boolean>;
  /** false: the store does not answer, and the sessions may go on. */
  dropAllOf(user: string): Promise<boolean>;
}

/** Throws a RangeError where a session is not within the bounds. */
export const checkSession = (id: string, { user, data }: Session, ttlMs: number): void => {
  if (id.length < sessionIdCharactersMin)
    throw new RangeError(`An id has ${sessionIdCharactersMin} characters or more.`);
  if (user.length + data.length > sessionCharactersMax) {
    throw new RangeError(`A session has at most ${sessionCharactersMax} characters.`);
  }
  if (!(ttlMs > 0 && ttlMs <= sessionAgeMsMax)) throw new RangeError(`A session lives 1 to ${sessionAgeMsMax} ms.`);
};
