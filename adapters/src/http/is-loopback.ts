import ipaddr from 'ipaddr.js';

/** Whether an address can be reached from its own machine alone. */
export const isLoopback = (ip: string): boolean => ipaddr.isValid(ip) && ipaddr.process(ip).range() === 'loopback';
