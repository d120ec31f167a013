import ipaddr from 'ipaddr.js';

const networkParts = 4;

/**
 * Whom an address stands for: itself, or for IPv6 the network of 64 bits, of which one client has all addresses. What is no
 * address is somebody unknown.
 */
export const clientOf = (ip: string): string => {
  if (!ipaddr.isValid(ip)) return 'unknown';
  const address = ipaddr.process(ip);
  if (!('parts' in address)) return address.toString();
  const network = address.parts.slice(0, networkParts).map((part) => part.toString(16));
  return `${network.join(':')}::/64`;
};
