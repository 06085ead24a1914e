package main

import (
	"bufio"
	"fmt"
	"os"
	"testing"
)

// Asks the page's source of tokens for one each time that a line comes in, and says how that went.
func TestEachLine(t *testing.T) {
	source := workload{os.Getenv("ISSUER"), os.Getenv("CLIENT_ID"), os.Getenv("TOKEN_FILE")}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		if _, err := source.Token(); err != nil {
			fmt.Println("refused:", err)
		} else {
			fmt.Println("granted")
		}
	}
}
