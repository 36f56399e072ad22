import CLibCurl
import Tranche
