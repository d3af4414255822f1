// SPDX-License-Identifier: Apache-2.0
// A service behind a node, in a browser: signalled by a node's web-address or `wmctl gateway`, spoken with over WebRTC's data channels.
//
//   const service = await Service.connect(`ws://127.0.0.1:8446/signal?${token}`, { node: 'n2', port: 80 })
//   // wss://n1.webmesh.internal:8445/signal at a node, with a certificate of the mesh
//   const connection = service.open()            // an RTCDataChannel, once for each connection
//   service.ended.then((reason) => …)            // '' when it was closed as it should
//   service.restart()                           // another path, as when this one is lost; connections go on
//   service.close()

const CHANNELS = 0
const LAST_NUMBER = 1022	// as many connections as a session has numbers for

const agreed = (id, protocol) => ({ negotiated: true, ordered: true, id, protocol })

export class Service {
  #signal
  #peer
  #channels
  #protocol
  #what
  #last = 0
  #early = []
  #configuration

  /**
   * `what`: node, port, and perhaps dst ('127.0.0.1') and proto ('tcp'); `configuration`: of the RTCPeerConnection,
   * besides the servers that the node tells of.
   */
  static connect(url, what, configuration) {
    const service = new Service(url, what, configuration)
    return service.connected.then(() => service)
  }

  constructor(url, what, configuration = {}) {
    this.#configuration = configuration
    this.#protocol = what.proto ?? 'tcp'
    this.#what = { dst: '', proto: this.#protocol, ...what }
    this.ended = new Promise((resolve) => { this.end = resolve })
    this.connected = new Promise((resolve, reject) => {
      this.ready = resolve
      this.ended.then((reason) => reject(new Error(reason || 'closed')))
    })
    this.#signal = new WebSocket(url)
    this.#signal.onopen = () => this.restart()
    this.#signal.onmessage = ({ data }) => this.#take(JSON.parse(data)).catch((error) => this.#stop(String(error)))
    this.#signal.onclose = ({ code, reason }) => this.#stop(code === 1000 ? '' : reason || 'the gateway cannot be reached')
  }

  #say(message) {
    if (this.#signal.readyState === WebSocket.OPEN) this.#signal.send(JSON.stringify(message))
  }

  async #take({ offer, servers, candidate }) {
    if (offer) await this.#answer(JSON.parse(offer), servers)
    if (candidate && this.#peer?.remoteDescription) await this.#add(candidate)
    else if (candidate) this.#early.push(candidate)
  }

  #start(configuration) {
    const peer = this.#peer = new RTCPeerConnection(configuration)
    peer.onicecandidate = (event) => event.candidate?.candidate && this.#say({ candidate: event.candidate.candidate })
    peer.oniceconnectionstatechange = () => ['disconnected', 'failed'].includes(peer.iceConnectionState) && this.restart()
    this.#channels = peer.createDataChannel('CHANNELS', agreed(CHANNELS, this.#protocol))
    this.#channels.onopen = () => this.ready()
    this.#channels.onclose = () => this.#stop('')
  }

  /** A second offer is that of a restart. */
  async #answer(offer, iceServers) {
    const configuration = { iceServers, ...this.#configuration }
    if (this.#peer) this.#peer.setConfiguration(configuration)
    else this.#start(configuration)
    const peer = this.#peer
    await peer.setRemoteDescription(offer)
    const answer = await peer.createAnswer()
    this.#say({ answer: JSON.stringify(answer) })
    await peer.setLocalDescription(answer)	// its candidates follow
    for (const candidate of this.#early.splice(0)) await this.#add(candidate)
  }

  #add(candidate) {
    return this.#peer.addIceCandidate({ candidate, sdpMid: '0', sdpMLineIndex: 0 })
  }

  /** A connection of its own to the service: what is sent at once is in order, and waits until it is open. */
  open() {
    if (this.#last === LAST_NUMBER) throw new Error('this session has no more connections')
    const number = ++this.#last
    const channel = this.#peer.createDataChannel('CONNECTIONS', agreed(number, this.#protocol))
    const name = new DataView(new ArrayBuffer(4))
    name.setUint32(0, number)
    this.#channels.send(name.buffer)
    channel.binaryType = 'arraybuffer'
    return channel
  }

  /** Who asks again gets a new offer, and with its answer a new path. */
  restart() {
    this.#say(this.#what)
  }

  #stop(reason) {
    this.end(reason)
    this.#peer?.close()
    this.#signal.close()
  }

  close() {
    this.#stop('')
  }
}
