// Verifications a second by go-sev-guest of one SEV-SNP report, everything parsed each time, in processor time of
// one thread.
//
//	usage: go run . FOLDER UNIX-SECONDS PRODUCT-LINE [SECONDS]     (FOLDER has report, vcek, ask, ark)
//
// In a folder of its own: go mod init peer && go get github.com/google/go-sev-guest
package main

import (
	"encoding/pem"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"github.com/google/go-sev-guest/abi"
	pb "github.com/google/go-sev-guest/proto/sevsnp"
	"github.com/google/go-sev-guest/verify"
	"github.com/google/go-sev-guest/verify/trust"
)

func read(folder, name string) []byte {
	data, err := os.ReadFile(folder + "/" + name)
	if err != nil {
		panic(err)
	}
	return data
}

func der(data []byte) []byte {
	if block, _ := pem.Decode(data); block != nil {
		return block.Bytes
	}
	return data
}

func cpu() float64 {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
}

func main() {
	runtime.GOMAXPROCS(1)
	folder := os.Args[1]
	at, _ := strconv.ParseInt(os.Args[2], 10, 64)
	line := os.Args[3]
	seconds := 2.0
	if len(os.Args) > 4 {
		seconds, _ = strconv.ParseFloat(os.Args[4], 64)
	}
	raw, vcek, ask, ark := read(folder, "report"), der(read(folder, "vcek")), der(read(folder, "ask")), der(read(folder, "ark"))
	once := func() error {
		report, err := abi.ReportToProto(raw[:abi.ReportSize])
		if err != nil {
			return err
		}
		roots := trust.AMDRootCertsProduct(line)
		if err := roots.Decode(ask, ark); err != nil {
			return err
		}
		attestation := &pb.Attestation{Report: report, CertificateChain: &pb.CertificateChain{VcekCert: vcek, AskCert: ask, ArkCert: ark}}
		return verify.SnpAttestation(attestation, &verify.Options{DisableCertFetching: true, Now: time.Unix(at, 0),
			TrustedRoots: map[string][]*trust.AMDRootCerts{line: {roots}}})
	}
	if err := once(); err != nil {
		fmt.Println("refused:", err)
	}
	start, count := cpu(), 0
	for cpu()-start < seconds {
		_ = once()
		count++
	}
	fmt.Println("cold", float64(count)/(cpu()-start))
}
