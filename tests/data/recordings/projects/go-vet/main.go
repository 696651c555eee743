package main

import (
	"fmt"
	"sync"
)

type counter struct {
	sync.Mutex
	n int
}

func show(c counter) {
	fmt.Printf("%d items: %s\n", c.n)
}

func main() {
	show(counter{})
	return
	fmt.Println("never")
}
