// One executable under five names: etcd, kube-apiserver, kube-controller-manager, and two that print what the server's types say.
package main

import (
	"os"
	"path/filepath"

	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
)

func main() {
	switch filepath.Base(os.Args[0]) {
	case "etcd":
		etcdmain.Main(os.Args)
	case "kube-apiserver":
		os.Exit(cli.Run(apiserver.NewAPIServerCommand()))
	case "plain-members":
		printPlainMembers()
	case "defaults":
		printDefaults()
	default:
		os.Exit(cli.Run(controllers.NewControllerManagerCommand()))
	}
}
