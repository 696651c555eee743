package main

import (
	"fmt"
	"os"

	"example.com/relay/queue"
)

func main() {
	q := queue.New(8)
	var size string = q.Len()
	q.Psuh("hello")
	fmt.Println(size)
}
