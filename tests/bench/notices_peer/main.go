// SPDX-License-Identifier: Apache-2.0

// The peer of tests/bench/notices: "sink ADDRESS FILE" takes mails as fast as it can and writes "recipient microseconds" a line;
// "send PKI BROKERS ADDRESS COUNT" mails every case that is opened, from the topic as it comes, over eight kept connections: a plain
// sender without a state, without a plan, without a transaction. Prints mails, seconds and CPU seconds.
package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"mime"
	"net"
	"net/smtp"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func sink(address, file string) {
	listener, err := net.Listen("tcp", address)
	must(err)
	out, err := os.Create(file)
	must(err)
	lines := make(chan string, 10000)
	go func() {
		for line := range lines {
			out.WriteString(line)
		}
	}()
	for {
		connection, err := listener.Accept()
		must(err)
		go take(connection, lines)
	}
}

func take(connection net.Conn, lines chan<- string) {
	defer connection.Close()
	in, recipient := bufio.NewReader(connection), ""
	fmt.Fprint(connection, "220 sink\r\n")
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		switch strings.ToUpper(line)[:4] {
		case "RCPT":
			recipient = strings.Trim(strings.SplitN(line, ":", 2)[1], " <>\r\n")
			fmt.Fprint(connection, "250 ok\r\n")
		case "DATA":
			fmt.Fprint(connection, "354 go on\r\n")
			for line != ".\r\n" {
				if line, err = in.ReadString('\n'); err != nil {
					return
				}
			}
			fmt.Fprint(connection, "250 taken\r\n")
			lines <- fmt.Sprintf("%s %d\n", recipient, time.Now().UnixMicro())
		case "QUIT":
			fmt.Fprint(connection, "221 bye\r\n")
			return
		default:
			fmt.Fprint(connection, "250 ok\r\n")
		}
	}
}

type opened struct {
	Hearing struct {
		Contact struct{ Company, Person, Email string }
	}
}

func compose(id string, event *opened) []byte {
	contact := event.Hearing.Contact
	text := fmt.Sprintf("%s %s 様\nご相談を受け付けました。受付番号は %s です。\n担当者がお電話で対応します。\n", contact.Company, contact.Person, id[:8])
	page := "<p>" + strings.ReplaceAll(html.EscapeString(text), "\n", "<br>") + "</p>"
	var mail strings.Builder
	fmt.Fprintf(&mail, "From: <desk@desk.example>\r\nTo: <%s>\r\nSubject: %s\r\nMessage-ID: <%s@desk.example>\r\nDate: %s\r\nMIME-Version: 1.0\r\n"+
		"Content-Type: multipart/alternative; boundary=b\r\n\r\n", contact.Email, mime.BEncoding.Encode("UTF-8", "受付のお知らせ"), id,
		time.Now().Format(time.RFC1123Z))
	for _, part := range [][2]string{{"plain", text}, {"html", page}} {
		fmt.Fprintf(&mail, "--b\r\nContent-Type: text/%s; charset=UTF-8\r\nContent-Transfer-Encoding: base64\r\n\r\n", part[0])
		encoded := base64.StdEncoding.EncodeToString([]byte(part[1]))
		for ; len(encoded) > 76; encoded = encoded[76:] {
			mail.WriteString(encoded[:76] + "\r\n")
		}
		mail.WriteString(encoded + "\r\n")
	}
	mail.WriteString("--b--\r\n")
	return []byte(mail.String())
}

func post(address string, records <-chan *kgo.Record, done *sync.WaitGroup) {
	defer done.Done()
	client, err := smtp.Dial(address)
	must(err)
	for record := range records {
		var event opened
		must(json.Unmarshal(record.Value, &event))
		must(client.Mail("desk@desk.example"))
		must(client.Rcpt(event.Hearing.Contact.Email))
		body, err := client.Data()
		must(err)
		_, err = body.Write(compose(string(record.Key), &event))
		must(err)
		must(body.Close())
	}
	must(client.Quit())
}

func send(pki, brokers, address string, count int) {
	certificate, err := tls.LoadX509KeyPair(filepath.Join(pki, "cert.pem"), filepath.Join(pki, "key.pem"))
	must(err)
	authority, err := os.ReadFile(filepath.Join(pki, "ca.pem"))
	must(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	client, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(brokers, ",")...), kgo.ConsumeTopics("kakekomi.cases"),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.DialTLSConfig(&tls.Config{Certificates: []tls.Certificate{certificate}, RootCAs: roots}))
	must(err)
	records, begun := make(chan *kgo.Record, 1000), time.Now()
	var done sync.WaitGroup
	for i := 0; i < 8; i++ {
		done.Add(1)
		go post(address, records, &done)
	}
	for sent := 0; sent < count; {
		fetches := client.PollFetches(context.Background())
		must(fetches.Err())
		fetches.EachRecord(func(record *kgo.Record) {
			for _, header := range record.Headers {
				if header.Key == "ce_type" && string(header.Value) == "kakekomi.case.opened" && strings.Contains(string(record.Value), ".peer.example") {
					records <- record
					sent++
				}
			}
		})
	}
	close(records)
	done.Wait()
	var usage syscall.Rusage
	must(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	cpu := time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	fmt.Printf("{\"mails\": %d, \"seconds\": %.3f, \"cpu_seconds\": %.3f}\n", count, time.Since(begun).Seconds(), cpu.Seconds())
	client.Close()
}

func main() {
	switch {
	case len(os.Args) == 4 && os.Args[1] == "sink":
		sink(os.Args[2], os.Args[3])
	case len(os.Args) == 6 && os.Args[1] == "send":
		count, err := strconv.Atoi(os.Args[5])
		must(err)
		send(os.Args[2], os.Args[3], os.Args[4], count)
	default:
		fmt.Fprintln(os.Stderr, "usage: notices_peer sink ADDRESS FILE | send PKI BROKERS ADDRESS COUNT")
		os.Exit(2)
	}
}
