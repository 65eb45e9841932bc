// A straightforward implementation of the function in Node: clients as in their guides, created when the module is
// loaded; with the same keys, statements and responses as the plain Go handler.
import { randomUUID } from 'node:crypto';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import Redis from 'ioredis';
import pg from 'pg';
import { start } from './runtime.mjs';

const env = process.env;
const secret = await new SecretsManagerClient().send(new GetSecretValueCommand({ SecretId: env.DB_SECRET_ARN }));
const { username, password } = JSON.parse(secret.SecretString);
const pool = new pg.Pool({
  host: env.DB_HOST, port: Number(env.DB_PORT), database: env.DB_NAME, user: username, password, max: 4,
});
const [host, port] = env.REDIS_ADDR.split(':');
const redis = new Redis.Cluster([{ host, port: Number(port) }]);
const files = new S3Client();
const ttl = Number(env.CACHE_TTL_SECONDS);

const answer = (statusCode, body) => ({ statusCode, headers: { 'Content-Type': 'application/json' }, body });
const key = (id) => `node:${id}`;

async function get(id) {
  const cached = await redis.get(key(id));
  if (cached !== null) return answer(200, cached);
  const { rows } = await pool.query({
    name: 'get', text: 'SELECT id, body, revision, updated_at FROM items WHERE id = $1', values: [id],
  });
  if (rows.length === 0) return answer(404, '{"message":"not found"}');
  const encoded = JSON.stringify(rows[0]);
  await redis.set(key(id), encoded, 'EX', ttl);
  return answer(200, encoded);
}

const upsert = `INSERT INTO items (id, body, revision, created_at, updated_at) VALUES ($1, $2::json, $3, now(), now())
ON CONFLICT (id) DO UPDATE SET body = excluded.body, revision = excluded.revision, updated_at = now()
RETURNING id, body, revision, updated_at`;

async function put(id, body) {
  const { rows } = await pool.query({ name: 'put', text: upsert, values: [id, body, randomUUID()] });
  await redis.del(key(id));
  return answer(200, JSON.stringify(rows[0]));
}

async function file(name) {
  const out = await files.send(new GetObjectCommand({ Bucket: env.BUCKET, Key: name }));
  return {
    statusCode: 200,
    headers: { 'Content-Length': String(out.ContentLength), ETag: out.ETag },
    stream: out.Body,
  };
}

start(async (event) => {
  if (event.resource === '/files/{key+}') return file(event.pathParameters.key);
  if (event.httpMethod === 'PUT') return put(event.pathParameters.id, event.body);
  return get(event.pathParameters.id);
});
