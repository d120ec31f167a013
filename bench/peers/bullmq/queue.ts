export const queueName = 'predictions';

/** Jobs that a worker has in hand at once: more brought no more a second here. */
export const concurrency = Number(process.env['CONCURRENCY'] ?? 64);

export const connection = { host: '127.0.0.1', port: Number(process.env['REDIS_PORT']) };
