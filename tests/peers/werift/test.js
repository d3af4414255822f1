// SPDX-License-Identifier: Apache-2.0
// test.js OFFER: a node reached by werift. OFFER is the program that tests/unit/rtc/offer.c makes.
// LONG=1: 100 MB, too. Ends with "N passed, N failed".
'use strict'
const { fork } = require('node:child_process')
const { createHash, randomBytes } = require('node:crypto')
const dgram = require('node:dgram')
const net = require('node:net')
const { once } = require('node:events')
const { Node, Peer, echoed, equal, hash, until, write } = require('./node.js')

// How long the node waits for what does not come: long, or a busy machine is one that is gone.
const SILENCE_MS = 30000
const ANSWER_MS = 60000

const program = process.argv[2]

/** A TCP service; gives its port. */
async function serve(onSocket) {
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {})
    onSocket(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  server.unref()
  return server.address().port
}
const echo = () => serve((socket) => socket.pipe(socket))

/** A node, a session to that service and a peer that is connected with it. */
async function connected(node, proto, port) {
  const session = await node.open(proto, port)
  return { session, peer: await Peer.connect(session) }
}

async function emptied(node, descriptors) {
  let counts
  await until('resources to be back at zero', async () => {
    counts = await node.counts()
    return counts.sessions === 0 && counts.connections === 0 && counts.descriptors <= descriptors
  }).catch(() => {
    throw new Error(`${JSON.stringify(counts)} are left, ${descriptors} descriptors were at first`)
  })
}

const tests = {
  async 'a megabyte comes back as it went'(node) {
    const { session, peer } = await connected(node, 'tcp', await echo())
    await echoed(peer, 1, 1 << 20)
    if (!/^host \S+ - (host|prflx|srflx) /.test(session.connected)) throw new Error(`path: ${session.connected}`)
    peer.channels.close()
    equal('the end', (await session.end()).trim(), 'none')
  },

  async 'a hundred connections at once'(node) {
    const { session, peer } = await connected(node, 'tcp', await echo())
    await Promise.all(Array.from({ length: 100 }, (_, i) => echoed(peer, i + 1, 20000 + i)))
    equal('connections', (await node.counts()).connections, 100)
    session.close()
  },

  async 'two peers with one node'(node) {
    const port = await echo()
    const both = [await connected(node, 'tcp', port), await connected(node, 'tcp', port)]
    await Promise.all(both.map(({ peer }) => echoed(peer, 1, 300000)))
    both.forEach(({ session }) => session.close())
  },

  async 'datagrams stay datagrams'(node) {
    const service = dgram.createSocket('udp4')
    service.on('message', (data, from) => service.send(data, from.port, from.address))
    service.bind(0, '127.0.0.1')
    await once(service, 'listening')
    const { session, peer } = await connected(node, 'udp', service.address().port)
    const channel = peer.dial(1, 'udp')
    for (const size of [1, 1200, 9000]) {
      const data = randomBytes(size)
      channel.send(data)
      const back = await until(`a datagram of ${size} bytes`, () => channel.received.shift())
      equal('hash', hash(back), hash(data))
    }
    service.close()
    session.close()
  },

  async 'a service that ends first is heard to the end'(node) {
    const data = randomBytes(4 << 20)	// more than SCTP takes at once
    const { session, peer } = await connected(node, 'tcp', await serve((socket) => socket.end(data)))
    const channel = peer.dial(1)
    await until('the channel to close', () => channel.readyState === 'closed')
    equal('hash', hash(Buffer.concat(channel.received)), hash(data))
    await until('the connection to go', async () => (await node.counts()).connections === 0)
    session.close()
  },

  async 'a peer that ends first is heard to the end'(node) {
    const data = randomBytes(200000)
    let sum
    let closed
    const port = await serve((socket) => {
      const got = []
      socket.on('data', (piece) => got.push(piece))
      socket.on('end', () => {
        sum = hash(Buffer.concat(got))
        socket.end(Buffer.alloc(32 << 20))	// nobody reads it any more; it must not be reset for that
      })
      socket.on('close', (failed) => { closed = failed ? 'by a reset' : 'in order' })
    })
    const { session, peer } = await connected(node, 'tcp', port)
    const channel = peer.dial(1)
    await write(channel, data)
    await until('all to be sent', () => channel.bufferedAmount === 0)
    await peer.drained()
    channel.close()
    await until('the end at the service', () => sum)
    equal('hash', sum, hash(data))
    equal('closed', await until('the socket to close', () => closed), 'in order')
    await until('the connection to go', async () => (await node.counts()).connections === 0)
    session.close()
  },

  async 'a hundred services that end at once are a hundred channels that close'(node) {
    const { session, peer } = await connected(node, 'tcp', await serve((socket) => socket.end('bye')))
    const channels = Array.from({ length: 100 }, (_, i) => peer.dial(i + 1))
    await until('all channels to close', () => channels.every((channel) => channel.readyState === 'closed'))
    for (const channel of channels) equal('text', Buffer.concat(channel.received).toString(), 'bye')
    session.close()
  },

  async 'a number is used again'(node) {
    const { session, peer } = await connected(node, 'tcp', await echo())
    for (let turn = 0; turn < 3; turn++) {
      const channel = await echoed(peer, 1, 30000)
      channel.close()
      await until('the channel to close', () => channel.readyState === 'closed')
      await until('the connection to go', async () => (await node.counts()).connections === 0)
    }
    session.close()
  },

  async 'bytes that come before the number of their connection wait for it'(node) {
    const { session, peer } = await connected(node, 'tcp', await echo())
    const channel = peer.channel(5)
    channel.send(Buffer.from('early'))
    await until('an early connection', async () => (await node.counts()).connections === 1)
    peer.announce(5)
    await until('an echo', () => Buffer.concat(channel.received).toString() === 'early')
    session.close()
  },

  async 'bytes whose number never comes have a bound'(node) {
    const { session, peer } = await connected(node, 'tcp', await echo())
    const silent = Array.from({ length: 6 }, (_, i) => peer.channel(i + 1))
    await Promise.all(silent.map((channel) => write(channel, randomBytes(1 << 20))))
    // Without a bound it would be the deadline of numbers that closes them.
    await until('a channel to close', () => silent.some((channel) => channel.readyState === 'closed'), 7000)
    await echoed(peer, 100, 20000)
    session.close()
  },

  async 'no message is longer than the peer takes'(node) {
    const session = await node.open('tcp', await echo())
    const peer = await Peer.connect(session, (sdp) => sdp.replace(/max-message-size:\d+/, 'max-message-size:1000'))
    let longest = 0
    let count = 0
    const channel = peer.dial(1, 'tcp', (piece) => {
      longest = Math.max(longest, piece.length)
      count += piece.length
    })
    await write(channel, randomBytes(50000))
    await until('the echo', () => count === 50000)
    equal('longest', longest, 1000)
    session.close()
  },

  async 'where nobody listens the channel closes'(node) {
    const port = await new Promise((resolve) => {
      const server = net.createServer().listen(0, '127.0.0.1', () => {
        const { port } = server.address()
        server.close(() => resolve(port))
      })
    })
    const { session, peer } = await connected(node, 'tcp', port)
    const channel = peer.dial(1)
    await until('the channel to close', () => channel.readyState === 'closed')
    session.close()
  },

  async 'a service that does not read stops the sender, and loses nothing'(node) {
    const data = randomBytes(32 << 20)	// more than all on the way has room for
    const sum = createHash('sha256')
    let count = 0
    let taken
    const port = await serve((socket) => {
      taken = socket
      socket.pause()
      socket.on('data', (piece) => {
        count += piece.length
        sum.update(piece)
      })
      socket.pause()
    })
    const { session, peer } = await connected(node, 'tcp', port)
    const before = node.memory()
    const channel = peer.dial(1)
    const written = write(channel, data)
    await until('the service to be connected', () => taken)
    // The sender stands still once no more goes out in a second.
    let last = -1
    await until('the sender to stand still', async () => {
      const sent = channel.bytesSent - channel.bufferedAmount
      const still = sent === last
      last = sent
      await new Promise((resolve) => setTimeout(resolve, 500))
      return still && sent > 0
    })
    equal('all is sent', channel.bytesSent === data.length, false)
    const grown = node.memory() - before
    if (grown > 32 * 1024) throw new Error(`memory has grown by ${grown} kB`)
    taken.resume()
    await written
    await until('all to arrive', () => count === data.length, 120000)
    equal('hash', sum.digest('hex'), hash(data))
    session.close()
  },

  async 'a transfer goes on when ICE is restarted in the midst of it, again and again'(node) {
    const { session, peer } = await connected(node, 'tcp', await echo())
    const transfer = echoed(peer, 1, 24 << 20)
    const paths = new Set([session.connected])
    for (let turn = 0; turn < 3; turn++) paths.add(await session.restart(peer))
    equal('paths', paths.size, 4)
    await transfer
    equal('connections', (await node.counts()).connections, 1)
    session.close()
  },

  async 'a restart with another fingerprint ends the session'(node) {
    const { session, peer } = await connected(node, 'tcp', 1)
    const answer = session.answer
    session.answer = ({ type, sdp }) => answer.call(session, { type, sdp: sdp.replace(/(fingerprint:sha-256 )(..)/,
      (_, name, byte) => name + (byte === '00' ? '01' : '00')) })
    session.restart(peer).catch(() => {})
    if (!(await session.end()).startsWith('invalid')) throw new Error(`ended: ${session.ended}`)
  },

  async 'a certificate with another fingerprint is refused'(node) {
    const session = await node.open('tcp', 1)
    const peer = await Peer.answer(session, (sdp) =>
      sdp.replace(/(fingerprint:sha-256 )(..)/, (_, name, byte) => name + (byte === '00' ? '01' : '00')))
    if (!(await session.end()).startsWith('unauthenticated')) throw new Error(`ended: ${session.ended}`)
    await peer.close()
  },

  async 'names of mDNS are passed over'(node) {
    const session = await node.open('tcp', await echo())
    const peer = await Peer.answer(session, (sdp) =>
      sdp.replace(/(a=candidate:\S+ \S+ \S+ \S+ )\S+/g, '$1f2a9c1d4-0000-4000-8000-123456789abc.local'))
    await until('a session', () => session.connected)
    session.close()
    await until('channel 0 to close', () => peer.channels.readyState === 'closed')
  },

  async 'what is no number of a connection ends the session'(node) {
    const { session, peer } = await connected(node, 'tcp', 1)
    peer.channels.send(Buffer.from('no'))
    if (!(await session.end()).startsWith('invalid')) throw new Error(`ended: ${session.ended}`)
  },

  async 'a peer that does not answer is not waited for'(node) {
    const session = await node.open('tcp', 1)
    await session.offered()
    if (!(await session.end()).startsWith('deadline')) throw new Error(`ended: ${session.ended}`)
  },

  async 'a peer that is killed leaves nothing'(node) {
    const session = await node.open('tcp', await echo())
    const child = fork(__filename, ['--victim'], { env: process.env })
    child.on('message', (answer) => session.answer(answer))
    child.send({ offer: await session.offered(), candidates: await until('candidates', () => session.candidates.length && session.candidates) })
    await until('a transfer', async () => (await node.counts()).connections > 0)
    child.kill('SIGKILL')
    if (!(await session.end()).startsWith('unavailable')) throw new Error(`ended: ${session.ended}`)
  },
}

tests['a peer that does not answer is not waited for'].answerMs = 500
tests['a peer that is killed leaves nothing'].silenceMs = 3000

if (process.env.LONG)
  tests['a hundred megabytes come back as they went'] = async (node) => {
    const { session, peer } = await connected(node, 'tcp', await echo())
    const start = Date.now()
    await echoed(peer, 1, 100 << 20)
    console.log(`# 100 MB there and back in ${((Date.now() - start) / 1000).toFixed(1)} s`)
    session.close()
  }

/** The other process of the test that kills it: sends without end. */
function victim() {
  process.on('message', async ({ offer, candidates }) => {
    const session = {
      node: { say() {} }, candidates, told: { on() {} },
      offered: async () => offer, answer: (answer) => process.send(answer),
    }
    const peer = await Peer.connect(session)
    const channel = peer.dial(1)
    for (;;) await write(channel, randomBytes(1 << 20))
  })
}

/** With a node of its own: what one test leaves is not the next one's trouble. */
async function run(test) {
  const node = new Node(program, test.silenceMs ?? SILENCE_MS, test.answerMs ?? ANSWER_MS)
  // The libraries' own descriptors come with the first session.
  const first = await node.open('tcp', 1)
  await first.offered()
  first.close()
  await emptied(node, Infinity)
  const { descriptors } = await node.counts()
  try {
    await test(node)
    await emptied(node, descriptors)
  } finally {
    await node.stop()
  }
}

async function main() {
  const names = Object.keys(tests).filter((name) => name.includes(process.argv[3] ?? ''))
  let failed = 0
  for (const name of names) {
    const start = Date.now()
    try {
      await run(tests[name])
      console.log(`ok      ${name} (${Date.now() - start} ms)`)
    } catch (error) {
      failed++
      console.log(`FAILED  ${name}: ${error.message}`)
    }
  }
  console.log(`${names.length - failed} passed, ${failed} failed`)
  process.exit(failed ? 1 : 0)
}

if (process.argv[2] === '--victim') victim()
else main()
