/**
 * A password with a character that has a meaning in URIs is read as something else, such as a host, which errors would
 * then show. So such a URI never comes to a driver.
 */
export const uriProblems = (env: string, uri: string | undefined): readonly string[] => {
  if (uri === undefined) return [];
  const rest = uri.slice(uri.indexOf('://') + '://'.length);
  const authority = /^[^/?#]*/.exec(rest)?.[0] ?? '';
  const behind = rest.slice(authority.length);
  const isTorn = authority.split('@').length > 2 || (!authority.includes('@') && behind.includes('@'));
  if (!isTorn && !/%(?![0-9A-Fa-f]{2})/.test(authority)) return [];
  return [
    `The user or the password in ${env} has a character that means something else in a URI: ` +
      'write @ as %40, : as %3A, / as %2F, # as %23, ? as %3F and % as %25.',
  ];
};
