package relay

import (
	"testing"
	"time"
)

func TestForever(t *testing.T) {
	done := make(chan bool)
	go func() { time.Sleep(time.Hour); done <- true }()
	<-done
}
