// Node.js has no server for `Request` and `Response`; this one comes from Hono.
import { serve } from '@hono/node-server'
import { fetch } from './handler.mjs'

const { PORT = '3000' } = process.env
serve({ fetch, port: Number(PORT), hostname: '127.0.0.1' })
