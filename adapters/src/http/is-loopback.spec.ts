import { expect, it } from 'vitest';
import { isLoopback } from './is-loopback.ts';

it.each(['127.0.0.1', '127.255.255.254', '::1', '::ffff:127.0.0.1'])('takes %s for loopback', (ip) => {
  expect(isLoopback(ip)).toBe(true);
});

it.each(['0.0.0.0', '128.0.0.1', '10.0.0.1', '::', 'fe80::1%eth0', '::ffff:10.0.0.1', 'nobody'])(
  'does not take %s for loopback',
  (ip) => {
    expect(isLoopback(ip)).toBe(false);
  },
);
