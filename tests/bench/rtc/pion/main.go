// SPDX-License-Identifier: Apache-2.0

// pion serve|reach: what rtc-load.c is, with the same lines, made with pion. The measurements, too, are
// the same; channels are opened in the usual way (RFC 8832), and the service is here. What is sent waits as its example
// of flow control has it, with more room.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/pion/webrtc/v4"
)

const (
	echo, sink  = 'e', 's'
	unit        = 64 * 1024
	piece       = 16 * 1024
	waitingMost = 4 << 20 // bytes in a channel's own queue
	message     = 64
	drain       = 20 * time.Second
)

type channel struct {
	webrtc   *webrtc.DataChannel
	stream   io.ReadWriteCloser
	writable chan struct{}
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// take waits until the channel is open.
func take(dc *webrtc.DataChannel) *channel {
	c := &channel{webrtc: dc, writable: make(chan struct{}, 1)}
	opened := make(chan struct{})
	dc.SetBufferedAmountLowThreshold(waitingMost / 2)
	dc.OnBufferedAmountLow(func() {
		select {
		case c.writable <- struct{}{}:
		default:
		}
	})
	dc.OnOpen(func() {
		var err error
		c.stream, err = dc.Detach()
		must(err)
		close(opened)
	})
	<-opened
	return c
}

func (c *channel) write(data []byte) error {
	for len(data) > 0 {
		part := data[:min(len(data), piece)]
		for c.webrtc.BufferedAmount() > waitingMost {
			<-c.writable
		}
		if _, err := c.stream.Write(part); err != nil {
			return err
		}
		data = data[len(part):]
	}
	return nil
}

// ---- the service ----

func serve(c *channel) {
	data := make([]byte, unit)
	var kind byte
	rest := 0
	for {
		n, err := c.stream.Read(data)
		if err != nil {
			c.stream.Close()
			return
		}
		got := data[:n]
		if kind == 0 {
			kind, got = got[0], got[1:]
		}
		if kind == sink {
			rest += len(got)
			got = got[:rest/unit]
			rest %= unit
		}
		if c.write(got) != nil {
			return
		}
	}
}

// ---- measurements ----

func connect(pc *webrtc.PeerConnection, kind byte) *channel {
	dc, err := pc.CreateDataChannel("", nil)
	must(err)
	c := take(dc)
	must(c.write([]byte{kind}))
	return c
}

func transfer(pc *webrtc.PeerConnection, kind byte, worth int, seconds float64) {
	c := connect(pc, kind)
	begin := time.Now()
	end := begin.Add(time.Duration(seconds * float64(time.Second)))
	sent := make(chan int)
	go func() {
		data, total := make([]byte, unit), 0
		for time.Now().Before(end) {
			must(c.write(data))
			total += len(data)
		}
		sent <- total
	}()
	data, got, total := make([]byte, unit), 0, -1
	var warm, last time.Time
	warmGot, lastGot := 0, 0
	for total < 0 || got+worth <= total {
		n, err := c.stream.Read(data)
		must(err)
		got += n * worth
		now := time.Now()
		if warm.IsZero() && now.Sub(begin).Seconds() > seconds/3 {
			warm, warmGot = now, got
		}
		if now.Before(end) {
			last, lastGot = now, got
		}
		if now.After(end.Add(drain)) {
			log.Fatal("what was sent does not come")
		}
		select {
		case total = <-sent:
		default:
		}
	}
	fmt.Printf("rate %.0f %d\n", float64(lastGot-warmGot)/last.Sub(warm).Seconds(), total)
	c.stream.Close()
}

func exchange(c *channel) {
	data := make([]byte, message)
	must(c.write(data))
	for got := 0; got < message; {
		n, err := c.stream.Read(data)
		must(err)
		got += n
	}
}

func ping(pc *webrtc.PeerConnection, count int) {
	c := connect(pc, echo)
	took := make([]float64, count)
	exchange(c)
	for i := range took {
		begin := time.Now()
		exchange(c)
		took[i] = float64(time.Since(begin).Nanoseconds()) / 1e3
	}
	sort.Float64s(took)
	fmt.Printf("latency %.1f %.1f\n", took[count/2], took[count*99/100])
	c.stream.Close()
}

func openIdle(pc *webrtc.PeerConnection, count int) {
	for ; count > 0; count-- {
		exchange(connect(pc, echo))
	}
	fmt.Println("opened")
}

// ---- the session ----

func newConnection() *webrtc.PeerConnection {
	settings := webrtc.SettingEngine{}
	settings.DetachDataChannels()
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetIPFilter(func(ip net.IP) bool { return ip.Equal(net.IPv4(127, 0, 0, 1)) })
	settings.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(settings)).NewPeerConnection(webrtc.Configuration{})
	must(err)
	pc.OnICECandidate(func(c *webrtc.ICECandidate) {
		if c != nil {
			fmt.Println("candidate", c.ToJSON().Candidate)
		}
	})
	pc.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		if state == webrtc.PeerConnectionStateConnected {
			fmt.Println("connected")
		}
	})
	pc.OnDataChannel(func(dc *webrtc.DataChannel) { go func() { serve(take(dc)) }() })
	return pc
}

func describe(pc *webrtc.PeerConnection, d webrtc.SessionDescription, err error) {
	must(err)
	text, err := json.Marshal(d)
	must(err)
	fmt.Println("description", string(text))
	must(pc.SetLocalDescription(d))
}

func accept(pc *webrtc.PeerConnection, text string) {
	var d webrtc.SessionDescription
	must(json.Unmarshal([]byte(text), &d))
	must(pc.SetRemoteDescription(d))
	if d.Type == webrtc.SDPTypeOffer {
		answer, err := pc.CreateAnswer(nil)
		describe(pc, answer, err)
	}
}

func number(text string) float64 {
	n, err := strconv.ParseFloat(text, 64)
	must(err)
	return n
}

func execute(pc *webrtc.PeerConnection, verb, rest string) {
	switch verb {
	case "offer", "answer":
		accept(pc, rest)
	case "candidate":
		must(pc.AddICECandidate(webrtc.ICECandidateInit{Candidate: rest, SDPMid: new(string)}))
	case "stream":
		transfer(pc, sink, unit, number(rest))
	case "echo":
		transfer(pc, echo, 1, number(rest))
	case "ping":
		ping(pc, int(number(rest)))
	case "open":
		openIdle(pc, int(number(rest)))
	}
}

func main() {
	pc := newConnection()
	if os.Args[1] == "serve" {
		_, err := pc.CreateDataChannel("", nil) // or there is nothing to offer
		must(err)
		offer, err := pc.CreateOffer(nil)
		describe(pc, offer, err)
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		verb, rest, _ := strings.Cut(lines.Text(), " ")
		execute(pc, verb, rest)
	}
}
