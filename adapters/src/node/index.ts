export { nodeAuditCrypto } from './audit-crypto.ts';
export { nodeIdentity } from './identity.ts';
export { makeSigningKey, openSigningKey, signingKeyOfPem, UnusableSigningKey } from './signing-key.ts';
export * from './tls-trouble.ts';
