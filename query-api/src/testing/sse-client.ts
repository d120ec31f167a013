import { get, type IncomingMessage } from 'node:http';

export interface SseMessage {
  readonly id: string;
  readonly data: Record<string, unknown>;
}

/** A client of an event stream that can go away, or stop reading, at any moment. */
export const openSse = async (url: string, lastEventId?: string) => {
  const request = get(url, {
    agent: false,
    headers: { accept: 'text/event-stream', ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }) },
  });
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve).once('error', reject);
  });
  let text = '';
  let closed = false;
  response.setEncoding('utf8');
  response.on('data', (chunk: string) => {
    text += chunk;
  });
  response.on('close', () => {
    closed = true;
  });
  response.on('error', () => undefined);
  return {
    status: response.statusCode,
    contentType: response.headers['content-type'],
    get closed() {
      return closed;
    },
    get text() {
      return text;
    },
    messages: (): SseMessage[] =>
      text
        .split('\n\n')
        .filter((frame) => frame.startsWith('id: '))
        .map((frame) => {
          const [id = '', data = ''] = frame.split('\n');
          return { id: id.slice(4), data: JSON.parse(data.slice(6)) };
        }),
    abort: () => request.destroy(),
  };
};
