export { nodeIdentity } from './identity.ts';
