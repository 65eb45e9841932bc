// The loop of Lambda's Node runtime around a handler, with one kept-alive connection. No registry has AWS's runtime for
// Node without compiling it.
import http from 'node:http';
import { pipeline } from 'node:stream/promises';

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':');
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const base = '/2018-06-01/runtime/invocation/';

function send(method, path, headers, write) {
  return new Promise((resolve, reject) => {
    const request = http.request({ host, port, agent, method, path: base + path, headers }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () => resolve({ headers: response.headers, body: Buffer.concat(chunks) }));
    });
    request.on('error', reject);
    write(request);
  });
}

async function respond(id, { stream, ...answer }) {
  if (!stream) {
    const body = Buffer.from(JSON.stringify(answer));
    return send('POST', `${id}/response`, { 'Content-Length': body.length }, (request) => request.end(body));
  }
  const headers = {
    'Content-Type': 'application/vnd.awslambda.http-integration-response',
    'Lambda-Runtime-Function-Response-Mode': 'streaming',
    'Transfer-Encoding': 'chunked',
  };
  return send('POST', `${id}/response`, headers, (request) => {
    request.write(JSON.stringify(answer));
    request.write(Buffer.alloc(8));
    pipeline(stream, request).catch((error) => request.destroy(error));
  });
}

export async function start(handler) {
  for (;;) {
    const { headers, body } = await send('GET', 'next', {}, (request) => request.end());
    const id = headers['lambda-runtime-aws-request-id'];
    try {
      await respond(id, await handler(JSON.parse(body)));
    } catch (error) {
      const report = JSON.stringify({ errorType: error.name, errorMessage: error.message });
      await send('POST', `${id}/error`, {}, (request) => request.end(report));
    }
  }
}
