/** Remembers every route, to answer 405 with `Allow` where a path exists under other methods. */
export const createAllowedMethods = () => {
  const byPattern = new Map<string, { readonly pattern: RegExp; readonly methods: Set<string> }>();
  return {
    add(url: string, methods: string | readonly string[]): void {
      const known = byPattern.get(url) ?? { pattern: patternOf(url), methods: new Set<string>() };
      for (const method of [methods].flat()) known.methods.add(method);
      byPattern.set(url, known);
    },
    /** Sorted and without repeats; empty where no route has the path. */
    of(path: string): readonly string[] {
      const methods = new Set<string>();
      for (const route of byPattern.values()) {
        if (route.pattern.test(path)) for (const method of route.methods) methods.add(method);
      }
      return [...methods].sort();
    },
  };
};

const patternOf = (url: string): RegExp => {
  const parts = url.split('/').map((part) =>
    part
      .split('::')
      .map((piece) =>
        piece
          .split(/:[A-Za-z]+/)
          .map(escaped)
          .join('[^/]+'),
      )
      .join(':'),
  );
  return new RegExp(`^${parts.join('/')}$`);
};

const escaped = (text: string): string => (text === '*' ? '.*' : text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
