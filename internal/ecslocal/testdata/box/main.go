// Box is the only program of the image that the Docker tests run: each
// argument list is a small script.
package main

import (
	"fmt"
	"net"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

func main() {
	args := os.Args[1:]
	for len(args) > 0 {
		verb, value := args[0], args[1]
		args = args[2:]
		switch verb {
		case "print":
			fmt.Println(value)
		case "env":
			fmt.Printf("%s=%q\n", value, os.Getenv(value))
		case "write":
			check(os.WriteFile(value, []byte("written\n"), 0o644))
		case "read":
			text, err := os.ReadFile(value)
			check(err)
			fmt.Print(string(text))
		case "serve":
			listener, err := net.Listen("tcp", value)
			check(err)
			go func() {
				for {
					connection, err := listener.Accept()
					check(err)
					fmt.Fprint(connection, "served")
					connection.Close()
				}
			}()
		case "dial":
			fmt.Println(dial(value))
		case "sleep":
			d, err := time.ParseDuration(value)
			check(err)
			time.Sleep(d)
		case "trap": // exits with a code at SIGTERM
			c := make(chan os.Signal, 1)
			signal.Notify(c, syscall.SIGTERM)
			fmt.Println("ready")
			<-c
			exit(value)
		case "deaf": // ignores SIGTERM
			signal.Ignore(syscall.SIGTERM)
		case "exit":
			exit(value)
		}
	}
}

// dial connects to a server that may still be starting.
func dial(address string) string {
	for {
		connection, err := net.Dial("tcp", address)
		if err != nil {
			time.Sleep(10 * time.Millisecond)
			continue
		}
		defer connection.Close()
		answer := make([]byte, 6)
		_, err = connection.Read(answer)
		check(err)
		return string(answer)
	}
}

func exit(code string) {
	n, err := strconv.Atoi(code)
	check(err)
	os.Exit(n)
}

func check(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(99)
	}
}
