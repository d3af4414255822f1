// SPDX-License-Identifier: Apache-2.0
// The engine's test program (tests/unit/rtc/offer.c) as an object, and werift as its peer.
'use strict'
const { spawn } = require('node:child_process')
const { createHash, randomBytes } = require('node:crypto')
const dgram = require('node:dgram')
const { once, EventEmitter } = require('node:events')
const fs = require('node:fs')
const readline = require('node:readline')
const { RTCPeerConnection } = require('werift')

const DEADLINE_MS = 30000
const PIECE = 16 * 1024
const AHEAD = 512 * 1024

const hash = (data) => createHash('sha256').update(data).digest('hex')
const equal = (what, is, wanted) => {
  if (is !== wanted) throw new Error(`${what}: ${is}, not ${wanted}`)
}

/** What `probe` gives once it is truthy; fails, with `what`, when that takes too long. */
async function until(what, probe, ms = DEADLINE_MS) {
  const end = Date.now() + ms
  for (;;) {
    const value = await probe()
    if (value) return value
    if (Date.now() > end) throw new Error(`not within ${ms} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** A STUN server (RFC 8489) on this host: werift asks one of the Internet otherwise, and waits for it. */
async function startStun() {
  const server = dgram.createSocket('udp4')
  server.on('message', (request, from) => {
    const reply = Buffer.alloc(32)
    request.copy(reply, 4, 4, 20)
    reply.writeUInt16BE(0x0101, 0)
    reply.writeUInt16BE(12, 2)
    reply.set([0, 0x20, 0, 8, 0, 1], 20)	// XOR-MAPPED-ADDRESS, IPv4
    reply.writeUInt16BE(from.port ^ 0x2112, 26)
    from.address.split('.').forEach((byte, i) => { reply[28 + i] = Number(byte) ^ reply[4 + i] })
    server.send(reply, from.port, from.address)
  })
  server.bind(0, '127.0.0.1')
  await once(server, 'listening')
  server.unref()
  return `stun:127.0.0.1:${server.address().port}`
}
let stun

class Node {
  constructor(program, ...options) {
    // What is freed is to be free at once: memory is looked at.
    const env = { ...process.env, ASAN_OPTIONS: `${process.env.ASAN_OPTIONS ?? ''}:quarantine_size_mb=1` }
    this.process = spawn(program, options.map(String), { stdio: ['pipe', 'pipe', 'inherit'], env })
    this.sessions = new Map()
    this.lines = new EventEmitter()
    this.exited = once(this.process, 'exit')
    readline.createInterface({ input: this.process.stdout }).on('line', (line) => this.#take(line))
  }

  #take(line) {
    const [verb, first] = line.split(' ', 2)
    const rest = line.slice(verb.length + 1 + (first ?? '').length + 1)
    const session = this.sessions.get(first)
    if (verb === 'opened') this.sessions.set(first, new Session(this, first))
    if (session && ['offer', 'candidate', 'connected', 'stale', 'ended'].includes(verb)) session.take(verb, rest)
    this.lines.emit(verb, line)
  }

  say(line) {
    this.process.stdin.write(line + '\n')
  }

  async ask(line, verb) {
    const answer = once(this.lines, verb)
    this.say(line)
    return (await answer)[0].split(' ')
  }

  async open(proto, port, address = '127.0.0.1') {
    const [, number] = await this.ask(`open ${proto} ${address}:${port}`, 'opened')
    return this.sessions.get(number)
  }

  async counts() {
    const [, sessions, connections, descriptors] = (await this.ask('counts', 'counts')).map(Number)
    return { sessions, connections, descriptors }
  }

  /** Kilobytes of memory that it has in use. */
  memory() {
    const status = fs.readFileSync(`/proc/${this.process.pid}/status`, 'utf8')
    return Number(/VmRSS:\s+(\d+)/.exec(status)[1])
  }

  async stop() {
    this.process.stdin.end()
    const [code, signal] = await this.exited
    if (code !== 0) throw new Error(`the node ended with ${code ?? signal}`)
  }
}

class Session {
  constructor(node, number) {
    Object.assign(this, { node, number, candidates: [], told: new EventEmitter() })
  }

  take(verb, rest) {
    if (verb === 'candidate') this.candidates.push(rest)
    else this[verb] = rest
    this.told.emit(verb, rest)
  }

  offered() {
    return until('an offer', () => this.offer).then((text) => JSON.parse(text))
  }

  answer(description) {
    this.node.say(`answer ${this.number} ${JSON.stringify(description)}`)
  }

  tell(candidate) {
    this.node.say(`candidate ${this.number} ${candidate}`)
  }

  async end(ms) {
    await until('the end of a session', () => this.ended !== undefined, ms)
    return this.ended
  }

  /** ICE anew; gives the new path. */
  async restart(peer) {
    const before = this.connected
    const again = once(this.told, 'offer')
    this.candidates = []
    this.node.say(`restart ${this.number}`)
    await peer.answerAgain(JSON.parse((await again)[0]))
    await until('another path', () => this.connected !== before)
    return this.connected
  }

  close() {
    this.node.say(`close ${this.number}`)
  }
}

/** `session`: has offered(), answer(), tell(), candidates and told, as Session, and perhaps `relay`, a TURN server. */
class Peer {
  /** `change`: of the answer's text, on its way. */
  static async answer(session, change = (sdp) => sdp) {
    if (!session.relay) stun ??= await startStun()
    const peer = new Peer(session)
    const offer = await session.offered()
    await peer.pc.setRemoteDescription(offer)
    const { type, sdp } = await peer.pc.createAnswer()
    session.answer({ type, sdp: change(sdp) })
    peer.pc.setLocalDescription({ type, sdp })	// its candidates follow
    for (const candidate of session.candidates) peer.#add(candidate)
    session.told.on('candidate', (candidate) => peer.#add(candidate))
    return peer
  }

  static async connect(session, change) {
    const peer = await Peer.answer(session, change)
    await until('channel 0 to open', () => peer.channels.readyState === 'open')
    return peer
  }

  /** As answer(), to the offer of a restart; candidates that came right behind it would be forgotten with the old ones. */
  async answerAgain(offer) {
    await this.pc.setRemoteDescription(offer)
    for (const candidate of this.session.candidates) this.#add(candidate)
    const { type, sdp } = await this.pc.createAnswer()
    this.session.answer({ type, sdp })
    await this.pc.setLocalDescription({ type, sdp })
    // Which leaves ICE alone where DTLS is connected (werift 0.22), and gives up without a candidate.
    const [ice] = this.pc.iceTransports
    await until('a candidate', () => ice.connection.remoteCandidates.length)
    ice.start().catch(() => {})
  }

  constructor(session) {
    this.session = session
    this.pc = new RTCPeerConnection(session.relay
      ? { iceServers: [session.relay], iceTransportPolicy: 'relay', iceUseIpv6: false }
      : { iceServers: [{ urls: stun }], iceUseIpv6: false, iceAdditionalHostAddresses: ['127.0.0.1'] })
    this.pc.onIceCandidate.subscribe((c) => c?.candidate && session.tell(c.candidate))
    this.channels = this.#channel('CHANNELS', 0, 'tcp')
  }

  #add(candidate) {
    this.pc.addIceCandidate({ candidate, sdpMid: '0', sdpMLineIndex: 0 }).catch(() => {})
  }

  #channel(label, id, protocol) {
    return this.pc.createDataChannel(label, { negotiated: true, ordered: true, id, protocol })
  }

  announce(number) {
    const name = Buffer.alloc(4)
    name.writeUInt32BE(number)
    this.channels.send(name)
  }

  /** The channel of a connection, which keeps what comes unless `onData` takes it. */
  channel(number, protocol = 'tcp', onData) {
    const channel = this.#channel('CONNECTIONS', number, protocol)
    channel.received = []
    channel.onMessage.subscribe(onData ?? ((data) => channel.received.push(data)))
    return channel
  }

  dial(number, protocol, onData) {
    this.announce(number)
    return this.channel(number, protocol, onData)
  }

  /** All is acknowledged: a stream that werift resets before may never be. */
  drained() {
    const { sctp } = this.pc.sctpTransport
    return until('all to be acknowledged', () => !sctp.outboundQueue.length && !sctp.sentQueue.length)
  }

  close() {
    return this.pc.close()
  }
}

/** Writes all of it, never far ahead of what SCTP has sent. */
async function write(channel, data) {
  for (let at = 0; at < data.length; at += PIECE) {
    channel.send(data.subarray(at, at + PIECE))
    if (channel.bufferedAmount > AHEAD)
      await until('room to send', () => channel.bufferedAmount < AHEAD / 2, 120000)
  }
}

/** Has `size` random bytes come back over a connection of their own. */
async function echoed(peer, number, size) {
  const data = randomBytes(size)
  const sum = createHash('sha256')
  let count = 0
  const channel = peer.dial(number, 'tcp', (piece) => {
    sum.update(piece)
    count += piece.length
  })
  await write(channel, data)
  await until(`${size} bytes to come back, have ${count}`, () => count >= size, 240000)
  equal('bytes', count, size)
  equal('hash', sum.digest('hex'), hash(data))
  return channel
}

module.exports = { Node, Peer, echoed, equal, hash, until, write }
