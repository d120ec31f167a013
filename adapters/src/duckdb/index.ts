export { createDuckdbExtractor } from './duckdb-extractor.ts';
