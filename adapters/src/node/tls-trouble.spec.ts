import { describe, expect, it } from 'vitest';
import { tlsTroubleOf } from './tls-trouble.ts';

const coded = (code: string, message = 'x') => Object.assign(new Error(message), { code });

describe('trouble with TLS', () => {
  it.each([
    ['SELF_SIGNED_CERT_IN_CHAIN', /authority that is not trusted here/],
    ['CERT_HAS_EXPIRED', /has expired/],
    ['CERT_NOT_YET_VALID', /clocks/],
    ['ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE', /asks for a client certificate/],
    ['ERR_SSL_WRONG_VERSION_NUMBER', /does not speak TLS/],
  ])('is put in words: %s', (code, words) => {
    expect(tlsTroubleOf(coded(code))).toMatch(words);
  });

  it('names the hosts of a certificate that is for another', () => {
    const message =
      "Hostname/IP does not match certificate's altnames: Host: localhost. is not in the cert's altnames: a";
    expect(tlsTroubleOf(coded('ERR_TLS_CERT_ALTNAME_INVALID', message))).toContain(
      "(Host: localhost. is not in the cert's altnames: a)",
    );
  });

  it('is found in causes, in lists and with the servers that were tried', () => {
    const expired = coded('CERT_HAS_EXPIRED');
    expect(tlsTroubleOf(new Error('x', { cause: new AggregateError([new Error('y'), expired]) }))).toContain('expired');
    const servers = new Map([['a', { error: new Error('z', { cause: expired }) }]]);
    expect(tlsTroubleOf(Object.assign(new Error('x'), { reason: { servers } }))).toContain('expired');
  });

  it('is not seen where there is none, not even in a ring of causes', () => {
    const ring = new Error('x');
    ring.cause = ring;
    for (const error of [ring, coded('ECONNRESET'), 'CERT_HAS_EXPIRED', undefined]) {
      expect(tlsTroubleOf(error)).toBeUndefined();
    }
  });
});
