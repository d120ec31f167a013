import { isIP } from 'node:net';

/** Groups of addresses that Fastify knows by name. */
const named = ['loopback', 'linklocal', 'uniquelocal'];
const bitsOf: Readonly<Record<number, number>> = { 4: 32, 6: 128 };

const isProxy = (text: string): boolean => {
  const [address = '', bits, ...more] = text.split('/');
  const bitsMax = bitsOf[isIP(address)];
  if (bitsMax === undefined || more.length > 0) return named.includes(text);
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= bitsMax);
};

/** Proxies that the HTTP server would not understand. */
export const proxyProblems = (given: unknown, called: string): string[] => {
  const wrong = typeof given === 'string' ? given.split(',').filter((text) => !isProxy(text)) : [];
  if (wrong.length === 0) return [];
  const allowed = `addresses, networks such as 10.0.0.0/8, ${named.join(', ')}`;
  return [`${called} names ${wrong.join(', ')}; allowed: ${allowed}.`];
};
