import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { encode, message, text } from './codec.ts'
import { frame, trailersFrame } from './frames.ts'
import { createGrpcWeb, type Fetch } from './grpc-web.ts'

const codec = message({ word: text(1) })
const asked = [codec, { word: 'hello' }] as const
const quiet = new AbortController().signal

function answering(body: BodyInit | null, init: ResponseInit = {}): Fetch {
  return async () =>
    new Response(body, { headers: { 'content-type': 'application/grpc-web+proto' }, ...init })
}

function call(fetch: Fetch, maxMessageBytes = 1_000) {
  const grpc = createGrpcWeb({ url: 'http://torii', fetch, maxMessageBytes, gzip: true })
  return grpc.unary('Echo', asked, codec, quiet)
}

function joined(...chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(chunks.flatMap((chunk) => [...chunk]))
}

const word = (value: string): Uint8Array => encode(codec, { word: value })

test('[TO9] a call sends one frame, asks for packed answers and sends no time limit', async () => {
  let sent: Parameters<Fetch> | undefined
  const fetch: Fetch = (...args) => {
    sent = args
    return answering(joined(frame(word('yes')), trailersFrame(0)))(...args)
  }
  expect(await call(fetch)).toEqual({ word: 'yes' })
  expect(sent?.[0]).toBe('http://torii/world.World/Echo')
  expect(sent?.[1].headers).toEqual({
    'content-type': 'application/grpc-web+proto',
    'x-grpc-web': '1',
    'grpc-accept-encoding': 'gzip',
  })
  expect(sent?.[1].body).toEqual(frame(word('hello')))
})

test('[TO9] an answer is read however it is cut into chunks, packed or not', async () => {
  const packed = frame(gzipSync(word('packed')))
  packed[0] = 1
  for (const first of [frame(word('packed')), packed]) {
    const bytes = joined(first, trailersFrame(0))
    for (const size of [1, 3, 7, bytes.length]) {
      const body = new ReadableStream({
        start(controller) {
          for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.slice(at, at + size))
          controller.close()
        },
      })
      expect(await call(answering(body))).toEqual({ word: 'packed' })
    }
  }
})

const bomb = frame(gzipSync(new Uint8Array(100_000)))
bomb[0] = 1
const torn = frame(new Uint8Array([1, 2, 3]))
torn[0] = 1
const strange = frame(word('x'))
strange[0] = 0x42
const html = { headers: { 'content-type': 'text/html' } }

test.each<
  [
    what: string,
    code: string,
    retryable: boolean,
    body: Uint8Array<ArrayBuffer> | string,
    init?: ResponseInit,
  ]
>([
  ['a web page', 'torii/not-torii', false, '<html>', html],
  ['a missing page', 'torii/not-torii', false, '', { ...html, status: 404 }],
  ['a broken gateway', 'torii/unavailable', true, '', { status: 502 }],
  ['a slow gateway', 'torii/unavailable', true, '', { status: 504 }],
  ['an end within a frame', 'torii/truncated', true, frame(word('x')).slice(0, -1)],
  ['an end without trailers', 'torii/truncated', true, frame(word('x'))],
  ['nothing', 'torii/truncated', true, ''],
  ['too large a frame', 'torii/message-too-large', true, frame(new Uint8Array(1_001))],
  ['a gzip bomb', 'torii/message-too-large', true, bomb],
  ['torn gzip', 'torii/truncated', true, torn],
  ['flags nobody knows', 'torii/bad-message', false, strange],
  [
    'noise in a frame',
    'torii/bad-message',
    false,
    joined(frame(new Uint8Array([255, 255, 255])), trailersFrame(0)),
  ],
  ['INTERNAL', 'torii/internal', true, trailersFrame(13, 'Invalid cursor: x')],
  ['OUT_OF_RANGE', 'torii/out-of-range', true, trailersFrame(11)],
  ['UNIMPLEMENTED', 'torii/unimplemented', false, trailersFrame(12)],
  ['INVALID_ARGUMENT', 'torii/invalid-argument', false, trailersFrame(3, 'Missing query argument')],
  ['PERMISSION_DENIED', 'torii/permission-denied', false, trailersFrame(7)],
  ['a status nobody knows', 'torii/unknown', true, trailersFrame(77)],
])('[TO10] %s is the error %s', async (_, code, retryable, body, init) => {
  await expect(call(answering(body, init))).rejects.toMatchObject({ code, retryable })
})

test('[TO10] a status in the headers is read, its message too', async () => {
  const headers = {
    'content-type': 'application/grpc-web',
    'grpc-status': '13',
    'grpc-message': 'no%20such%20table',
  }
  await expect(call(answering(null, { headers }))).rejects.toThrow(/no such table/)
})

test('[TO10] a server that cannot be reached is a retryable error that says what browsers need', async () => {
  const fetch: Fetch = () => Promise.reject(new TypeError('fetch failed'))
  await expect(call(fetch)).rejects.toMatchObject({ code: 'torii/unreachable', retryable: true })
  await expect(call(fetch)).rejects.toThrow(/cors_origins/)
})

/** A stream that stays open behind its first message, and notes its end. */
function openStream() {
  const seen = { cancelled: false, aborted: false }
  const fetch: Fetch = async (_, { signal }) => {
    signal.addEventListener('abort', () => (seen.aborted = true))
    const body = new ReadableStream({
      start: (controller) => controller.enqueue(frame(word('first'))),
      cancel: () => void (seen.cancelled = true),
    })
    return new Response(body, { headers: { 'content-type': 'application/grpc-web' } })
  }
  const grpc = createGrpcWeb({ url: 'http://torii', fetch, maxMessageBytes: 1_000, gzip: false })
  return { seen, open: (signal: AbortSignal) => grpc.stream('Watch', asked, codec, signal) }
}

test('[TO11] leaving a stream closes its connection', async () => {
  const { seen, open } = openStream()
  for await (const { word: first } of open(quiet)) {
    expect(first).toBe('first')
    break
  }
  expect(seen).toEqual({ cancelled: true, aborted: true })
})

test('[TO11] aborting a call ends it with the reason given', async () => {
  const fetch: Fetch = (_, { signal }) =>
    new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))))
  const grpc = createGrpcWeb({ url: 'http://torii', fetch, maxMessageBytes: 1_000, gzip: false })
  const controller = new AbortController()
  const ended = grpc.unary('Echo', asked, codec, controller.signal)
  controller.abort(new Error('enough'))
  await expect(ended).rejects.toThrow('enough')
})

test('[TO11] a stream ends with an abort of which its body hears nothing', async () => {
  const { open } = openStream()
  const controller = new AbortController()
  const heard: string[] = []
  const listening = (async () => {
    for await (const { word: each } of open(controller.signal)) {
      heard.push(each)
      queueMicrotask(() => controller.abort(new Error('enough')))
    }
  })()
  await expect(listening).rejects.toThrow('enough')
  expect(heard).toEqual(['first'])
})
