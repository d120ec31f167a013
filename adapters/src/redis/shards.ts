/** More channels mean less noise for a process that waits for little, and more messages for one that publishes much. */
const shardsMax = 64;

/** FNV-1a over UTF-16 units: a hash that is the same in every process is enough. */
export const shardOf = (key: string): number => {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i += 1) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % shardsMax;
};
