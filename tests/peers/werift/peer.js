// SPDX-License-Identifier: Apache-2.0
// peer.js: one data channel of werift's, whose descriptions somebody else carries. A JSON object per line
//   in:   {relay: {urls, username, credential}}  {offer}  {candidate}  {echo: {connection, bytes}}  {flood: connection}  {close: true}
//   out:  {ready: true}  {answer}  {candidate}  {open: true}  {echoed: connection}  {closed: true}  {error}
// `offer` and `answer` are texts, as the API has them; with `relay`, which goes before, it has no candidate but that
// server's. A second offer is that of a restart; a flood ends with the process. Ends with its input.
'use strict'
const { randomBytes } = require('node:crypto')
const { EventEmitter } = require('node:events')
const readline = require('node:readline')
const { Peer, echoed, until, write } = require('./node.js')

const say = (object) => process.stdout.write(JSON.stringify(object) + '\n')

const session = {
  candidates: [],
  told: new EventEmitter(),
  offered: () => until('an offer', () => session.offer),
  answer: (description) => say({ answer: JSON.stringify(description) }),
  tell: (candidate) => say({ candidate }),
}

async function connect() {
  const peer = await Peer.connect(session)
  peer.channels.stateChanged.subscribe((state) => state === 'closed' && say({ closed: true }))
  say({ open: true })
  return peer
}
let peer

const operations = {
  relay(server) {
    session.relay = server
  },
  async offer(text) {
    if (session.offer) {
      session.candidates = []
      await (await peer).answerAgain(JSON.parse(text))
      return
    }
    session.offer = JSON.parse(text)
    peer = connect()
    await peer
  },
  candidate(text) {
    session.candidates.push(text)
    session.told.emit('candidate', text)
  },
  async echo({ connection, bytes }) {
    await echoed(await peer, connection, bytes)
    say({ echoed: connection })
  },
  async flood(connection) {
    const channel = (await peer).dial(connection)
    for (;;) await write(channel, randomBytes(1 << 20))
  },
  async close() {
    (await peer).channels.close()
  },
}

readline.createInterface({ input: process.stdin })
  .on('line', async (line) => {
    const [[name, value]] = Object.entries(JSON.parse(line))
    try {
      await operations[name](value)
    } catch (error) {
      say({ error: String(error) })
    }
  })
  .on('close', () => process.exit(0))
say({ ready: true })
