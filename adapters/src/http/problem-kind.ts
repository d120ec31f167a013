/** One kind of error: `cause` says what happened, `fix` what the caller can do. Both are shown under `/problems/<code>`. */
export interface ProblemKind {
  readonly status: number;
  readonly title: string;
  readonly cause: string;
  readonly fix: string;
}

export const kind = (status: number, title: string, cause: string, fix: string): ProblemKind => ({
  status,
  title,
  cause,
  fix,
});
