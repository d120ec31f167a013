export { nodeIdentity } from './identity.ts';
export * from './tls-trouble.ts';
