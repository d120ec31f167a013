import { defineConfig } from 'rolldown';

/**
 * The program in few files, libraries included: to load its thousand files took two thirds of the processor time of a
 * start. Packages stay what has machine code, what finds files beside its own, and what we reach into.
 */
export default defineConfig({
  input: ['dist/main.js', 'dist/index.js'],
  platform: 'node',
  external: [/^kafkajs/, /^libsql/, /^onnxruntime-node/, /^@duckdb\//, /^@scalar\//, /^@fastify\/swagger/],
  output: { dir: 'bundle', cleanDir: true },
});
