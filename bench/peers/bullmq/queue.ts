export const queueName = 'predictions';

/** Jobs that the worker has in hand at once. */
export const concurrency = 64;

export const connection = { host: '127.0.0.1', port: Number(process.env['REDIS_PORT']) };
