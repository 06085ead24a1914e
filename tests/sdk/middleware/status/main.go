// Asks the program of docs/verifying/status-lists.md about each status that it is given, as JSON.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
)

func main() {
	lists := NewStatusLists(os.Getenv("ISSUER"))
	for _, argument := range os.Args[1:] {
		var status Status
		if err := json.Unmarshal([]byte(argument), &status); err != nil {
			log.Fatal(err)
		}
		isRevoked, err := lists.IsRevoked(context.Background(), status)
		if err != nil {
			log.Print(err)
			fmt.Println("refused")
		} else {
			fmt.Println(isRevoked)
		}
	}
}
