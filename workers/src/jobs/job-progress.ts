import type { JobRun } from '@hindcast/domain';

export type JobNewsOfProgress = Parameters<JobRun['progress']>[0];

/** Tells the log of progress, never faster than it may be told, and one at a time. */
export interface ProgressTeller {
  tell(progress: JobNewsOfProgress): void;
  /** Tells nothing more by itself. Answers the newest progress that was not told. */
  stop(): Promise<JobNewsOfProgress | undefined>;
}

export const createProgressTeller = (
  append: (progress: JobNewsOfProgress) => Promise<unknown>,
  pauseMs: number,
): ProgressTeller => {
  let latest: JobNewsOfProgress | undefined;
  let checkpoint: JobNewsOfProgress['checkpoint'];
  let sending: Promise<unknown> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  const take = (): JobNewsOfProgress | undefined => {
    const taken = latest && (checkpoint === undefined ? latest : { ...latest, checkpoint });
    latest = undefined;
    checkpoint = undefined;
    return taken;
  };
  const rest = (): void => {
    if (stopped) return;
    timer = setTimeout(() => {
      timer = undefined;
      send();
    }, pauseMs);
  };
  const send = (): void => {
    const news = take();
    if (!news) return;
    sending = append(news).finally(() => {
      sending = undefined;
      rest();
    });
  };

  return {
    tell(progress) {
      if (stopped) return;
      latest = progress;
      checkpoint = progress.checkpoint ?? checkpoint;
      if (!sending && !timer) send();
    },
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await sending;
      return take();
    },
  };
};
