// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"strconv"
	"sync"

	"github.com/pion/datachannel"
	"github.com/pion/ice/v4"
	"github.com/pion/webrtc/v4"
)

const (
	messageMax = 256 * 1024 // of what either side sends
	aheadMax   = 1 << 20    // bytes that SCTP has yet to send, per connection
)

type server struct {
	Urls, Username, Credential string
}

// peer is one peer connection.
type peer struct {
	config   webrtc.Configuration
	pc       *webrtc.PeerConnection
	channels *webrtc.DataChannel // number 0
	opened   chan datachannel.ReadWriteCloser
	early    []webrtc.ICECandidateInit // theirs, before their description

	lock sync.Mutex // of what follows; a description goes before its candidates
	ours []string   // candidates that wait
	told bool
}

func newPeer() *peer {
	return &peer{opened: make(chan datachannel.ReadWriteCloser, 1)}
}

func (p *peer) relay(s *server) {
	p.config.ICETransportPolicy = webrtc.ICETransportPolicyRelay
	p.servers([]server{*s})
}

func (p *peer) servers(servers []server) {
	for _, s := range servers {
		p.config.ICEServers = append(p.config.ICEServers,
			webrtc.ICEServer{URLs: []string{s.Urls}, Username: s.Username, Credential: s.Credential})
	}
}

// connection makes the peer connection and channel 0.
func (p *peer) connection() error {
	var settings webrtc.SettingEngine
	var err error

	settings.DetachDataChannels()
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	settings.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6})
	settings.SetSCTPMaxMessageSize(messageMax)
	p.pc, err = webrtc.NewAPI(webrtc.WithSettingEngine(settings)).NewPeerConnection(p.config)
	if err != nil {
		return err
	}
	p.pc.OnICECandidate(p.tell)
	p.pc.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		if state == webrtc.PeerConnectionStateFailed {
			fail(errors.New("the connection has failed"))
		}
	})
	p.channels, err = p.channel("CHANNELS", 0, p.opened)
	return err
}

// channel gives the channel of that number to `ret` once it is open.
func (p *peer) channel(label string, number uint16, ret chan datachannel.ReadWriteCloser) (*webrtc.DataChannel, error) {
	yes, protocol := true, "tcp"
	dc, err := p.pc.CreateDataChannel(label, &webrtc.DataChannelInit{
		Ordered: &yes, Negotiated: &yes, ID: &number, Protocol: &protocol})
	if err != nil {
		return nil, err
	}
	dc.OnOpen(func() {
		raw, err := dc.Detach()
		if err != nil {
			fail(err)
			return
		}
		ret <- raw
	})
	return dc, nil
}

func (p *peer) answer(text string) error {
	var offer webrtc.SessionDescription

	if err := json.Unmarshal([]byte(text), &offer); err != nil {
		return err
	}
	if err := p.connection(); err != nil {
		return err
	}
	background(p.reach)
	if err := p.described(offer); err != nil {
		return err
	}
	answer, err := p.pc.CreateAnswer(nil)
	if err != nil {
		return err
	}
	return p.describe(answer)
}

// describe tells our answer, and then our candidates.
func (p *peer) describe(description webrtc.SessionDescription) error {
	if err := p.pc.SetLocalDescription(description); err != nil {
		return err
	}
	text, err := json.Marshal(description)
	if err != nil {
		return err
	}
	p.lock.Lock()
	defer p.lock.Unlock()
	say(map[string]any{"answer": string(text)})
	for _, candidate := range p.ours {
		say(map[string]any{"candidate": candidate})
	}
	p.told = true
	return nil
}

func (p *peer) tell(candidate *webrtc.ICECandidate) {
	if candidate == nil {
		return
	}
	text := candidate.ToJSON().Candidate
	p.lock.Lock()
	defer p.lock.Unlock()
	if p.told {
		say(map[string]any{"candidate": text})
	} else {
		p.ours = append(p.ours, text)
	}
}

// described takes the node's offer, and the candidates that came before it.
func (p *peer) described(description webrtc.SessionDescription) error {
	if err := p.pc.SetRemoteDescription(description); err != nil {
		return err
	}
	for _, candidate := range p.early {
		if err := p.pc.AddICECandidate(candidate); err != nil {
			return err
		}
	}
	p.early = nil
	return nil
}

func (p *peer) candidate(text string) error {
	var mid string
	var line uint16

	init := webrtc.ICECandidateInit{Candidate: text, SDPMid: &mid, SDPMLineIndex: &line}
	if p.pc == nil || p.pc.RemoteDescription() == nil {
		p.early = append(p.early, init)
		return nil
	}
	return p.pc.AddICECandidate(init)
}

// path is the pair that ICE has chosen, as the daemon tells it of its side.
func (p *peer) path() string {
	if p.pc == nil {
		return ""
	}
	pair, err := p.pc.SCTP().Transport().ICETransport().GetSelectedCandidatePair()
	if err != nil || pair == nil {
		return ""
	}
	side := func(c *webrtc.ICECandidate) string {
		return c.Typ.String() + " " + net.JoinHostPort(c.Address, strconv.Itoa(int(c.Port)))
	}
	return side(pair.Local) + " - " + side(pair.Remote)
}

// readAll has `take` see each message until the channel or `take` ends it.
func readAll(channel io.Reader, take func([]byte) error) error {
	buffer := make([]byte, messageMax)
	for {
		n, err := channel.Read(buffer)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = take(buffer[:n])
		}
		if err != nil {
			return err
		}
	}
}

// flow is a channel that is written to no faster than SCTP sends.
type flow struct {
	dc   *webrtc.DataChannel
	raw  io.Writer
	room chan struct{}
}

func newFlow(dc *webrtc.DataChannel, raw io.Writer) *flow {
	f := &flow{dc: dc, raw: raw, room: make(chan struct{}, 1)}
	dc.SetBufferedAmountLowThreshold(aheadMax / 2)
	dc.OnBufferedAmountLow(func() {
		select {
		case f.room <- struct{}{}:
		default:
		}
	})
	return f
}

func (f *flow) Write(data []byte) (int, error) {
	for f.dc.BufferedAmount() > aheadMax {
		<-f.room
	}
	return f.raw.Write(data)
}
