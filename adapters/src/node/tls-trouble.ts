const depthMax = 6;

/** Errors of drivers hold what really happened as a cause, in a list, or with each of the servers that they tried. */
interface Chained {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly cause?: unknown;
  readonly errors?: readonly unknown[];
  readonly reason?: { readonly error?: unknown; readonly servers?: ReadonlyMap<string, { readonly error?: unknown }> };
}

/** Why two ends did not come to trust each other over TLS, and what to do about it; undefined where that was not it. */
export const tlsTroubleOf = (error: unknown, depth = 0): string | undefined => {
  if (typeof error !== 'object' || error === null || depth > depthMax) return undefined;
  const { code, message, cause, errors = [], reason } = error as Chained;
  const said = typeof code === 'string' ? wordsOf(code, String(message)) : undefined;
  if (said !== undefined) return said;
  const servers = [...(reason?.servers?.values() ?? [])].map((server) => server.error);
  for (const inner of [cause, ...errors, reason?.error, ...servers]) {
    const found = tlsTroubleOf(inner, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
};

const wordsOf = (code: string, message: string): string | undefined => {
  if (unknownAuthority.has(code)) {
    return 'its certificate is signed by an authority that is not trusted here: name the PEM file of that authority';
  }
  if (code === 'CERT_HAS_EXPIRED') return 'its certificate has expired: give the server a new one';
  if (code === 'CERT_NOT_YET_VALID') return 'its certificate is not valid yet: compare the clocks of both machines';
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const names = /altnames: (Host|IP)(.*)$/s.exec(message)?.[0].slice('altnames: '.length);
    return `its certificate is for another host (${names ?? message}): use a name that the certificate has`;
  }
  if (/^ERR_SSL_.*ALERT/.test(code)) {
    return 'it refuses the handshake: it asks for a client certificate that it knows and that has not expired';
  }
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG') {
    return 'what answers at that port does not speak TLS: name the port that does, or leave TLS off';
  }
  return undefined;
};

const unknownAuthority: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);
